import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createHub } from '../hub/hub.ts'
import { HUB_METRICS, PUBLISH_TO_WRITE } from './metrics.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

describe('the metrics', () => {
  const all = [...HUB_METRICS, { ...PUBLISH_TO_WRITE, attribute: undefined }]

  it('have names and units as OpenTelemetry has them', () => {
    for (const { name, unit, attribute = 'a.b' } of all) {
      for (const each of [name, attribute]) expect(each).toMatch(/^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$/)
      expect(name).toMatch(/^sse\.server\./)
      expect(name).not.toMatch(/(^|[._])(total|seconds|bytes|ratio)([._]|$)/)
      expect(unit).toMatch(/^(\{[a-z]+\}|By|s)$/)
    }
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })

  it('are those of the README', () => {
    const rows = [...readme.matchAll(/^\| `(sse\.server\.[\w.]+)` \| `([^`]+)` \| (?:`([^`]+)`)?/gm)]
    const documented = rows.map(([, name, unit, attribute]) => ({ name, unit, attribute }))
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }): number =>
      String(a.name).localeCompare(String(b.name))
    expect(documented.sort(byName)).toEqual(
      all.map(({ name, unit, attribute }) => ({ name, unit, attribute })).sort(byName),
    )
  })

  it('have an attribute where, and only where, they are several numbers', () => {
    const stats = createHub().stats()
    for (const { name, attribute, read } of HUB_METRICS) {
      expect([name, typeof read(stats)]).toEqual([name, attribute === undefined ? 'number' : 'object'])
    }
  })

  it('leave out nothing that a hub counts', () => {
    const read = new Set<string>()
    const stats = createHub().stats()
    const noting = new Proxy(stats, {
      get(target, key, receiver) {
        read.add(String(key))
        return Reflect.get(target, key, receiver)
      },
    })
    for (const metric of HUB_METRICS) metric.read(noting)
    expect([...read].sort()).toEqual(Object.keys(stats).sort())
  })
})
