// Breaks the built core, one way at a time, and sees that the resume checker notices: npm run mutants
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Verdict } from '../test/resume/cli.ts'
import { MUTANTS, type Mutant } from './mutant-list.ts'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const CHECKER = fileURLToPath(new URL('../test/resume/cli.ts', import.meta.url))
/** The rarest is caught by one in a hundred. */
const SEEDS = 300
/** How many checkers run at a time. */
const WORKERS = 2
/** A core that is broken may never come to an end. In milliseconds; a sound one needs a few seconds. */
const TIMEOUT = 120_000

const { values } = parseArgs({ options: { core: { type: 'string', default: DIST }, only: { type: 'string' } } })
process.exitCode = await run(values.core, values.only ?? '')

/** @returns the exit code. */
async function run(dist: string, only: string): Promise<number> {
  const mutants = MUTANTS.filter(({ name }) => name.includes(only))
  const files = await readBuilt(dist)
  const patched = mutants.map((mutant) => ({ mutant, patch: patchOf(mutant, files) }))
  const stale = patched.filter(({ patch }) => patch === undefined)
  for (const { mutant } of stale) console.error(`“${mutant.name}” must match exactly once: ${mutant.find}`)
  if (stale.length > 0) return 1
  const sound = await check(dist)
  if (sound.seed !== undefined) {
    console.error(`The core fails without being broken.\n${sound.message}`)
    return 1
  }
  const root = await mkdtemp(join(tmpdir(), 'sse-mutants-'))
  try {
    return report(await checkAll(patched, dist, root))
  } finally {
    await rm(root, { recursive: true })
  }
}

interface Patch {
  readonly file: string
  readonly text: string
}

interface Result {
  readonly mutant: Mutant
  readonly verdict: Verdict
}

async function readBuilt(dist: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(dist)).filter((name) => name.endsWith('.js') && name !== 'testing.js')
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dist, name), 'utf8')] as const)),
  )
}

/** The one file that a mutant changes, changed; `undefined` if there is none or more than one place to change. */
function patchOf({ find, replace }: Mutant, files: ReadonlyMap<string, string>): Patch | undefined {
  const pattern = new RegExp(find.split(/\s+/).map(escaped).join('\\s*'), 'g')
  const [only, ...others] = [...files].flatMap(([file, text]) => text.match(pattern)?.map(() => ({ file, text })) ?? [])
  if (only === undefined || others.length > 0) return undefined
  return { file: only.file, text: only.text.replace(pattern, () => replace) }
}

async function checkAll(
  patched: readonly { readonly mutant: Mutant; readonly patch: Patch | undefined }[],
  dist: string,
  root: string,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const queue = patched.entries()
  const work = async (): Promise<void> => {
    for (const [index, { mutant, patch }] of queue) {
      if (patch === undefined) continue
      const directory = join(root, String(index))
      await mkdir(directory)
      await cp(dist, directory, { recursive: true })
      await writeFile(join(directory, patch.file), patch.text)
      results[index] = { mutant, verdict: await check(directory) }
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return results
}

/** Runs the checker up to the first seed that fails. */
function check(core: string): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHECKER, '--core', core, '--seeds', String(SEEDS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0 ? JSON.parse(output) : { rule: 'never ends, or crashes' }))
  })
}

function report(results: readonly Result[]): number {
  const width = Math.max(...results.map(({ mutant }) => mutant.name.length))
  for (const { mutant, verdict } of results) {
    const { seed, rule } = verdict
    const outcome = rule === undefined ? 'SURVIVED' : `caught at seed ${seed ?? '?'}: ${rule}`
    console.log(`${mutant.name.padEnd(width)}  ${outcome}`)
  }
  const survivors = results.filter(({ verdict }) => verdict.rule === undefined)
  console.log(`${results.length - survivors.length} of ${results.length} mutants caught within ${SEEDS} seeds`)
  return survivors.length === 0 ? 0 : 1
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}
