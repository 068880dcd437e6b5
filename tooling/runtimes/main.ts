// `npm run runtimes`: installs the packages as they would be published, and runs them on every runtime that they are for.
// `-- --on bun --server redis`: only there, only what has this in its name.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Engine, startNats, startRedis } from '../engines.ts'
import { installApplication, npmInstall } from './application.ts'
import { programOf, type RuntimeName, type ServeOptions } from './runtime.ts'
import { NODE_RANGES, startServer, TRIED_SERVERS, type TriedServer } from './servers.ts'
import { visit } from './visit.ts'

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
const servers = TRIED_SERVERS.filter(({ name }) => has(name, only.server))
const engines: Engine[] = []
const failures: string[] = []
try {
  const programs = [...nodePrograms(), ...otherPrograms()]
  if (programs.length === 0)
    throw new Error(`Nothing is called ${only.on}: Node ${NODE_RANGES.join(', ')}, Bun, Deno, workerd`)
  installApplication(application)
  const env = await startEngines(programs)
  const rows: string[][] = [['', ...programs.map(({ runtime, version }) => `${runtime} ${version}`)]]
  for (const server of servers) {
    const cells: string[] = []
    for (const program of programs) cells.push(await cell(server, program, { cwd: application, env }))
    rows.push([server.name, ...cells])
  }
  console.log(`\n${table(rows)}`)
} finally {
  await Promise.all(engines.map((engine) => engine.stop()))
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

/** Starts the engines that are needed, and answers where they are. */
async function startEngines(programs: readonly Program[]): Promise<NodeJS.ProcessEnv> {
  const needed = servers.filter(({ on }) => programs.some(({ runtime }) => on.includes(runtime)))
  const env: NodeJS.ProcessEnv = {}
  for (const { engine } of needed) {
    if (engine === 'redis') env.REDIS_URL ??= await urlOf(startRedis())
    if (engine === 'nats') env.NATS_URL ??= await urlOf(startNats())
  }
  return env
}

async function urlOf(starting: Promise<Engine>): Promise<string> {
  const engine = await starting
  engines.push(engine)
  return engine.url
}

/** The wanted lines of Node, as npm has them for this platform. */
function nodePrograms(): Program[] {
  const ranges = NODE_RANGES.filter((range) => isWanted(`Node ${range}`))
  if (ranges.length === 0) return []
  const name = `node-${process.platform}-${process.arch}`
  mkdirSync(binaries, { recursive: true })
  writeFileSync(join(binaries, 'package.json'), '{ "private": true }\n')
  npmInstall(
    binaries,
    ranges.map((range) => `node-${range}@npm:${name}@${range}`),
  )
  return ranges.map((range) => asProgram('Node', join(binaries, 'node_modules', `node-${range}`, 'bin/node')))
}

function otherPrograms(): Program[] {
  return (['Bun', 'Deno', 'workerd'] as const).filter(isWanted).flatMap((runtime) => {
    const path = programOf(runtime)
    return path === undefined ? [] : [asProgram(runtime, path)]
  })
}

/** Whether `--on` is this, or left out; `--on node` is every Node. */
function isWanted(name: string): boolean {
  const [wanted, is] = [only.on.toLowerCase(), name.toLowerCase()]
  return wanted === '' || is === wanted || is.split(' ')[0] === wanted
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
