import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems'
import { allResolutionKinds } from '@arethetypeswrong/core/utils'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findNodes } from './nodes.ts'
import { type Manifest, packageFolders, packagesDirectory, packPackage, readManifest } from './packing.ts'

/** A package as it would be published. */
interface Packed {
  readonly manifest: Manifest
  readonly tarball: Uint8Array<ArrayBuffer>
  /** Where it lies unpacked, beside the others and its peers, as an application would have it. */
  readonly directory: string
}

/** What attw looks at by its profile `esm-only`: all but TypeScript's old resolution, and `require` from CommonJS. */
const ESM_ONLY = allResolutionKinds.filter((kind) => kind !== 'node10' && kind !== 'node16-cjs')

/** How long a test may take that starts processes, in milliseconds. */
const PATIENCE = 60_000

const nodes = findNodes()
const packed = new Map<string, Packed>()
let application: string

beforeAll(() => {
  application = mkdtempSync(join(tmpdir(), 'release-'))
  for (const name of packageFolders) packed.set(name, pack(name))
}, PATIENCE)

afterAll(() => {
  rmSync(application, { recursive: true })
})

describe.each(packageFolders)('packages/%s, packed', { timeout: PATIENCE }, (name) => {
  it('passes publint', async () => {
    const { manifest, tarball } = packageOf(name)
    const { messages } = await publint({ pack: { tarball: tarball.buffer }, strict: true })
    expect(messages.map((message) => formatMessage(message, { ...manifest }))).toEqual([])
  })

  it("passes attw's profile `esm-only`: every resolution of ES modules finds its types", async () => {
    const result = await checkPackage(createPackageFromTarballData(packageOf(name).tarball))
    if (!result.types) throw new Error('There are no types')
    const problems = result.problems.filter((problem) =>
      ESM_ONLY.some((kind) => problemAffectsResolutionKind(problem, kind, result)),
    )
    expect(problems).toEqual([])
  })

  it('holds its license and README, what was built, and nothing else', () => {
    const { directory } = packageOf(name)
    const files = globSync('**/*', { cwd: directory })
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    const others = files.filter(
      (file) => !/^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json|dist)(?:$|\/)/.test(file),
    )
    expect(others).toEqual([])
    expect(files.filter((file) => file.includes('.test.'))).toEqual([])
  })

  it('tells npm what it is', () => {
    const { manifest } = packageOf(name)
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      files: ['dist', 'CHANGELOG.md'],
      publishConfig: { access: 'public' },
    })
    expect(manifest.description).toMatch(/^Server-Sent Events /)
    expect(manifest.keywords).toEqual(expect.arrayContaining(['sse', 'server-sent-events', 'eventsource']))
    expect(manifest.exports).toHaveProperty(['./package.json'], './package.json')
  })

  it('runs nothing when it is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare']
    expect(Object.keys(packageOf(name).manifest.scripts ?? {}).filter((script) => hooks.includes(script))).toEqual([])
  })

  it('depends on nothing that only the workspace has', () => {
    const { manifest } = packageOf(name)
    const ranges = Object.values({ ...manifest.dependencies, ...manifest.peerDependencies })
    expect(ranges.filter((range) => range.includes(':'))).toEqual([])
  })

  it('asks for the core of its own version', () => {
    const { version, peerDependencies } = packageOf(name).manifest
    expect(peerDependencies?.['@sse/core']).toBe(name === 'core' ? undefined : `^${version}`)
  })

  for (const [version, node] of nodes) {
    it(`is the same module by import and by require on Node ${version}`, () => {
      const { manifest } = packageOf(name)
      const specifiers = entriesOf(manifest).map((entry) => join(manifest.name, entry).replaceAll('\\', '/'))
      const script = `
        const assert = require('node:assert')
        for (const specifier of ${JSON.stringify(specifiers)}) {
          const required = require(specifier)
          import(specifier).then((imported) => {
            for (const [name, value] of Object.entries(imported)) assert.strictEqual(required[name], value, name)
          })
        }`
      execFileSync(node, ['--no-warnings', '-e', script], { cwd: application, stdio: 'pipe' })
    })
  }
})

describe('packages/core, packed', () => {
  it('has no dependencies but the API of OpenTelemetry, for who wants it', () => {
    const { manifest } = packageOf('core')
    expect(manifest.dependencies).toBeUndefined()
    expect(manifest.peerDependencies).toEqual({ '@opentelemetry/api': '^1.9.0' })
    expect(manifest.peerDependenciesMeta).toEqual({ '@opentelemetry/api': { optional: true } })
  })

  it('reaches it from its entry otel alone, and nothing else from there', () => {
    const { manifest, directory } = packageOf('core')
    const reaching = Object.values(manifest.exports)
      .flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
      .filter((file) => othersBehind(join(directory, file)).includes('@opentelemetry/api'))
    expect(reaching).toEqual(['./dist/otel.js'])
    expect(new Set(othersBehind(join(directory, 'dist/otel.js')))).toEqual(new Set(['@opentelemetry/api']))
  })

  it.each(['index', 'adapter', 'testing-app'])("reaches none of Node's modules from its entry %s", (entry) => {
    const { directory } = packageOf('core')
    expect(othersBehind(join(directory, `dist/${entry}.js`))).toEqual([])
  })

  it.each(['index', 'adapter', 'testing-app'])("names no type of Node's in the declarations of %s", (entry) => {
    const { directory } = packageOf('core')
    expect(othersBehind(join(directory, `dist/${entry}.d.ts`))).toEqual([])
  })
})

function packageOf(name: string): Packed {
  const found = packed.get(name)
  if (found === undefined) throw new Error(`packages/${name} was not packed`)
  return found
}

/** Packs a package, and unpacks it and its peers in the `node_modules` of {@link application}. */
function pack(name: string): Packed {
  const source = join(packagesDirectory, name)
  const file = packPackage(name, application)
  const { name: fullName } = readManifest(source)
  const directory = join(application, 'node_modules', fullName)
  mkdirSync(directory, { recursive: true })
  execFileSync('tar', ['-xzf', file, '-C', directory, '--strip-components=1'])
  const manifest = readManifest(directory)
  for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
    if (!peer.startsWith('@sse/')) provide(peer, source)
  }
  return { manifest, tarball: new Uint8Array(readFileSync(file)), directory }
}

/** Gives the application the peer that the package has in the workspace. */
function provide(peer: string, source: string): void {
  const link = join(application, 'node_modules', peer)
  if (existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(realpathSync(join(source, 'node_modules', peer)), link, 'junction')
}

function entriesOf(manifest: Manifest): string[] {
  return Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
}

/** What a built file and the files that it imports import. */
function modulesBehind(file: string, seen: Set<string> = new Set()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const specifiers = [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(
    (match) => match[1] ?? '',
  )
  const own = specifiers.filter((specifier) => specifier.startsWith('.'))
  const extension = file.endsWith('.d.ts') ? '.d.ts' : '.js'
  return [
    ...specifiers,
    ...own.flatMap((specifier) => modulesBehind(join(dirname(file), specifier.replace(/\.js$/, extension)), seen)),
  ]
}

/** Of these, the ones that are no files of the package. */
function othersBehind(file: string): string[] {
  return modulesBehind(file).filter((specifier) => !specifier.startsWith('.'))
}
