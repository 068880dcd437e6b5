import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Manifest, packageFolders, packagesDirectory, readManifest } from './packing.ts'
import { measureSizes, sizeChecks } from './sizes.ts'

describe('the limits of .size-limit.json', () => {
  const checks = sizeChecks()

  it('let `eventStream`, the Web form without a hub, have 8 KB', () => {
    expect(checks).toContainEqual({
      name: '@sse/core { eventStream }',
      path: '../packages/core/dist/index.js',
      import: '{ eventStream }',
      limit: '8 KB',
    })
  })

  it('are there for each entry of each package', () => {
    const entries = packageFolders.flatMap((name) => filesOf(manifestOf(name).exports).map((file) => `${name}/${file}`))
    const whole = checks.filter((check) => check.import === '*').map(({ path }) => path.replace('../packages/', ''))
    expect(whole.sort()).toEqual([...new Set(entries)].sort())
  })

  it('leave out nothing but peers, and modules of Node', () => {
    for (const { name, path, ignore = [] } of checks) {
      const { peerDependencies = {} } = manifestOf(path.split('/')[2] ?? '')
      const allowed = ['node:*', ...Object.keys(peerDependencies)]
      expect(allowed, name).toEqual(expect.arrayContaining([...ignore]))
    }
  })
})

describe('what an application pays', { timeout: 60_000 }, () => {
  it('stays within the limits: `npm run size` prints them', () => {
    const over = measureSizes().filter(({ passed }) => !passed)
    expect(over.map(({ name, size, sizeLimit }) => `${name} has ${size} bytes of ${sizeLimit}`)).toEqual([])
  })
})

function manifestOf(name: string): Manifest {
  return readManifest(join(packagesDirectory, name))
}

/** The JavaScript files that `exports` leads to, by whatever conditions. */
function filesOf(exports: unknown): string[] {
  if (typeof exports === 'string') return exports.endsWith('.js') ? [exports.replace('./', '')] : []
  if (typeof exports !== 'object' || exports === null) return []
  return Object.values(exports).flatMap(filesOf)
}
