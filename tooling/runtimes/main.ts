// `npm run runtimes`: installs the packages as they would be published, and runs them on every runtime that they are for.
// `-- --on bun --server redis` are parts of names: only what has them is tried.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNats, startRedis } from '../engines.ts'
import { installApplication, npmInstall } from './application.ts'
import { programOf, type RuntimeName, type ServeOptions } from './runtime.ts'
import { startServer, TRIED_SERVERS, type TriedServer } from './servers.ts'
import { visit } from './visit.ts'

/** The oldest Node that the packages are for, and the newest of each line. */
const NODE_RANGES = ['20.19.0', '20', '22', '24', '26']

/** A runtime of one version. */
interface Program {
  readonly runtime: RuntimeName
  readonly version: string
  readonly path: string
}

/** Official binaries, from the registry; they are kept for the next time. */
const binaries = fileURLToPath(new URL('../node_modules/.cache/node-binaries', import.meta.url))

const { values: only } = parseArgs({
  options: { on: { type: 'string', default: '' }, server: { type: 'string', default: '' } },
})
const application = mkdtempSync(join(tmpdir(), 'runtimes-'))
const redis = await startRedis()
const nats = await startNats()
const failures: string[] = []
try {
  const programs = [...nodePrograms(), ...otherPrograms()].filter(({ runtime, version }) =>
    has(`${runtime} ${version}`, only.on),
  )
  installApplication(application)
  const env = { REDIS_URL: redis.url, NATS_URL: nats.url }
  const rows: string[][] = [['', ...programs.map(({ runtime, version }) => `${runtime} ${version}`)]]
  for (const server of TRIED_SERVERS.filter(({ name }) => has(name, only.server))) {
    const cells: string[] = []
    for (const program of programs) cells.push(await cell(server, program, { cwd: application, env }))
    rows.push([server.name, ...cells])
  }
  console.log(`\n${table(rows)}`)
} finally {
  await Promise.all([redis.stop(), nats.stop()])
  rmSync(application, { recursive: true, force: true })
}
for (const failure of failures) console.error(`\n${failure}`)
if (failures.length > 0) process.exitCode = 1

/** Tries a server on a runtime, and says in a word how that went. */
async function cell(server: TriedServer, { runtime, version, path }: Program, options: ServeOptions): Promise<string> {
  if (!server.on.includes(runtime)) return '–'
  try {
    const running = await startServer(server, runtime, path, options)
    await visit(running.url).finally(running.stop)
    return 'runs'
  } catch (error) {
    failures.push(`${server.name} on ${runtime} ${version}: ${error instanceof Error ? error.stack : error}`)
    return 'FAILS'
  }
}

function has(name: string, part: string): boolean {
  return name.toLowerCase().includes(part.toLowerCase())
}

/** Node of each line that npm has for this platform. */
function nodePrograms(): Program[] {
  const name = `node-${process.platform}-${process.arch}`
  if (!existsSync(join(binaries, 'package.json'))) {
    mkdirSync(binaries, { recursive: true })
    writeFileSync(join(binaries, 'package.json'), '{ "private": true }\n')
  }
  npmInstall(
    binaries,
    NODE_RANGES.map((range) => `node-${range}@npm:${name}@${range}`),
  )
  return NODE_RANGES.map((range) => asProgram('Node', join(binaries, 'node_modules', `node-${range}`, 'bin/node')))
}

function otherPrograms(): Program[] {
  return (['Bun', 'Deno', 'workerd'] as const).flatMap((runtime) => {
    const path = programOf(runtime)
    return path === undefined ? [] : [asProgram(runtime, path)]
  })
}

function asProgram(runtime: RuntimeName, path: string): Program {
  const said = execFileSync(path, ['--version'], { encoding: 'utf8' })
  return { runtime, path, version: /\d+(?:[.-]\d+)*/.exec(said)?.[0] ?? said.trim() }
}

/** As Markdown. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0))
  const line = (cells: readonly string[]): string => `| ${cells.map((text, n) => text.padEnd(width(n))).join(' | ')} |`
  return [line(head), line(head.map((_, n) => '-'.repeat(width(n)))), ...rows.map(line)].join('\n')
}
