import { describe, expect, it } from 'vitest'
import { koa } from '../servers/koa.ts'
import { node } from '../servers/node.ts'
import { behind, openForTest } from './behind.ts'
import { HAPROXY_BY_DEFAULT } from './haproxy.ts'

describe('HAProxy', () => {
  const scene = behind(HAPROXY_BY_DEFAULT)

  it.for([node, koa])('[P4] holds what $name sends, unless it is told not to', async ({ name }, context) => {
    const { url, backend } = await scene(context)
    const client = await openForTest(`${url}/${name}/feed`)
    expect(await client.firstFrame()).toBeGreaterThan(150)
    const publishedAt = performance.now()
    await backend(name).hub.publish('feed', { data: 'late' })
    expect((await client.next()).at - publishedAt).toBeGreaterThan(150)
  })
})
