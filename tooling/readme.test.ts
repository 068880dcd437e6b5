import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { startNatsForTest, startRedisForTest } from './engines-for-test.ts'
import { codeBlocks } from './markdown.ts'
import { checkFlags, type Example, enginesOf, listens, runExample, usesDecorators } from './readme-example.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
const biome = require.resolve('@biomejs/biome/bin/biome')

/** Beside whose dependencies the examples of a README run: its package's; the root has none of its own. */
const homeOf = (readme: string): string => (readme === 'README.md' ? 'packages/express' : dirname(readme))

const readmes = globSync(['README.md', 'packages/*/README.md', 'apps/*/README.md'], { cwd: root }).sort()
const examples = new Map(readmes.map((readme) => [readme, examplesOf(readme)]))
const all = [...examples.values()].flat()
const directories = new Set(all.map(({ file }) => dirname(file)))
/** Parses fragments too. What is ignored by git is what is to be looked at. */
const LINT = [
  'lint',
  '--only=suspicious/noExplicitAny',
  '--reporter=github',
  '--max-diagnostics=none',
  '--vcs-enabled=false',
  `--config-path=${root}`,
]

/** Where the compiler is told what to check. */
const project = join(root, 'tooling', `.readme-${process.pid}`)

/** What the compiler and the linter say of each example: by its file, with the lines of the README. */
const complaints = new Map<string, string[]>()

function examplesOf(readme: string): Example[] {
  const directory = join(root, homeOf(readme), `.readme-${process.pid}`)
  const found: Example[] = []
  for (const block of codeBlocks(readFileSync(join(root, readme), 'utf8'))) {
    if (block.language !== 'ts') continue
    const server = found.findLast(({ block: { flags } }) => listens(flags))
    found.push({ block, file: join(directory, `${basename(dirname(readme))}-${block.line}.ts`), server })
  }
  return found
}

beforeAll(() => {
  for (const directory of [...directories, project]) mkdirSync(directory, { recursive: true })
  for (const { file, block } of all) {
    // Every line has its number of the README, in whatever is said of it.
    writeFileSync(file, '\n'.repeat(block.line - 1) + block.code)
  }
  writeProject()
  note(tsc, '--pretty', 'false')
  emitDecorated()
  if (all.length > 0) note(biome, ...LINT, ...all.map(({ file }) => file))
}, 60_000)

afterAll(() => {
  for (const directory of [...directories, project]) rmSync(directory, { recursive: true, force: true })
})

function writeProject(): void {
  // What these answer is `any`: here an example has to say what it takes it for.
  const strict = 'interface JSON { parse(text: string): unknown }\ninterface Body { json(): Promise<unknown> }\n'
  writeFileSync(join(project, 'strict.d.ts'), strict)
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      types: ['node'],
      moduleDetection: 'force',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      // What else Node cannot strip, it refuses to run.
      erasableSyntaxOnly: false,
      noUnusedLocals: true,
      noUnusedParameters: true,
    },
    files: ['strict.d.ts', ...all.filter(({ block }) => !block.flags.has('fragment')).map(({ file }) => file)],
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
}

/** Puts beside each example with decorators what Node can run of it. */
function emitDecorated(): void {
  const files = all.filter(({ block }) => usesDecorators(block) && !block.flags.has('fragment')).map(({ file }) => file)
  if (files.length === 0) return
  const config = { extends: './tsconfig.json', compilerOptions: { noEmit: false, noCheck: true }, files }
  writeFileSync(join(project, 'tsconfig.emit.json'), JSON.stringify(config))
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.emit.json'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout)
}

/** Runs a tool and notes what it says of each example; throws if it fails for another reason. */
function note(...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
  const lines = `${stdout}\n${stderr}`.split('\n')
  const placed = lines.filter((line) => all.some(({ file }) => line.includes(basename(file))))
  if (status !== 0 && placed.length === 0) throw new Error(lines.join('\n'))
  for (const { file } of all) {
    const said = placed.filter((line) => line.includes(basename(file)))
    complaints.set(file, [...(complaints.get(file) ?? []), ...said])
  }
}

/** Starts what an example needs, until its test has finished; answers where that is. */
async function startEngines(example: Example, context: TestContext): Promise<NodeJS.ProcessEnv> {
  const engines = enginesOf(example)
  return {
    ...(engines.has('redis') && { REDIS_URL: (await startRedisForTest(context)).url }),
    ...(engines.has('nats') && { NATS_URL: (await startNatsForTest(context)).url }),
  }
}

describe.each([...examples])('the examples of %s', (readme, found) => {
  for (const example of found) {
    const { line, flags } = example.block
    const place = `${readme}:${line}`

    it(`${place} says what it does`, () => {
      expect(() => checkFlags(example.block)).not.toThrow()
    })

    it(`${place} is ${flags.has('fragment') ? 'well-formed' : 'well-typed'}`, () => {
      expect(complaints.get(example.file)).toEqual([])
    })

    if (!flags.has('fragment')) {
      it(`${place} works`, async (context) => runExample(example, await startEngines(example, context)))
    }
  }
})
