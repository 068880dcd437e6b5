import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { listeningForTest } from './listening.ts'
import { packageFolders, packagesDirectory, readManifest } from './packing.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const names = packageFolders.map((folder) => readManifest(join(packagesDirectory, folder)).name).sort()

describe('pnpm publish', { timeout: 60_000 }, () => {
  it('would publish every package, and nothing else', async () => {
    const asked: (string | undefined)[] = []
    // A registry that knows nothing, and takes nothing.
    const { url } = await listeningForTest(
      createServer((req, res) => {
        asked.push(req.method)
        res.writeHead(404).end('{}')
      }),
    )
    const args = ['publish', '--recursive', '--dry-run', '--no-git-checks', '--json', '--registry', `${url}/`]
    const { stdout } = await run('pnpm', args, { cwd: root, maxBuffer: 1 << 26 })
    const published: readonly { readonly name: string }[] = JSON.parse(stdout)
    expect(published.map(({ name }) => name).sort()).toEqual(names)
    expect(new Set(asked)).toEqual(new Set(['GET']))
  })
})

describe('changeset version', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'version-'))
    onTestFinished(() => rmSync(copy, { recursive: true }))
    for (const file of ['package.json', 'pnpm-workspace.yaml', '.changeset/config.json']) {
      cpSync(join(root, file), join(copy, file))
    }
    for (const folder of packageFolders) {
      cpSync(join(packagesDirectory, folder, 'package.json'), join(copy, 'packages', folder, 'package.json'))
    }
  })

  it.each(['patch', 'minor', 'major'])('gives all packages one version when one has a %s change', async (kind) => {
    // The generator of change logs is looked for where the configuration is.
    const file = join(copy, '.changeset/config.json')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), changelog: false }))
    for (const folder of packageFolders) setVersion(join(copy, 'packages', folder, 'package.json'), '1.2.3')
    writeFileSync(join(copy, '.changeset/one.md'), `---\n'@sse/redis': ${kind}\n---\n\nOne change.\n`)
    await run(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: copy })
    const versions = packageFolders.map((folder) => readManifest(join(copy, 'packages', folder)).version)
    const expected = { patch: '1.2.4', minor: '1.3.0', major: '2.0.0' }[kind]
    expect(new Set(versions)).toEqual(new Set([expected]))
  })
})

function setVersion(file: string, version: string): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }))
}
