import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import type { TestContext } from 'vitest'

/** A runtime, and how the fixtures are served in it. */
export interface Runtime {
  readonly name: 'Node' | 'Bun' | 'Deno' | 'workerd'
  /** Its program, unless npm has none for this platform. */
  readonly program: string | undefined
  serve(program: string): Promise<RuntimeServer>
}

/** A process that serves the fixtures. */
export interface RuntimeServer {
  /** Where it listens. */
  readonly url: string
  /** Ends its process, and resolves when it has ended. */
  stop(): Promise<void>
}

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)

/** How long a runtime may take to listen, in milliseconds. */
const PATIENCE = 15_000

const DENO_FLAGS = ['--no-prompt', '--cached-only', '--no-lock', '--node-modules-dir=manual', '--quiet']
const DENO_RIGHTS = ['--allow-net', '--allow-read', '--allow-env']

/** The runtimes that Hono's adapter is for. */
export const RUNTIMES: readonly Runtime[] = [
  {
    name: 'Node',
    program: process.execPath,
    serve: (program) => start(program, ['--no-warnings', fixture('node.ts')]),
  },
  {
    name: 'Bun',
    program: programOf('bun-runtime', 'bin/bun'),
    serve: (program) => start(program, ['run', fixture('bun.ts')]),
  },
  {
    name: 'Deno',
    program: programOf('deno-runtime', 'deno'),
    serve: (program) => start(program, ['run', ...DENO_FLAGS, ...DENO_RIGHTS, fixture('deno.ts')]),
  },
  { name: 'workerd', program: programOf('workerd', 'bin/workerd'), serve: serveWorker },
]

/**
 * The program of a runtime. Where npm has none for this platform, the test is skipped with a note; with `CI=true` it
 * fails instead.
 */
export function requireRuntime({ name, program }: Runtime, context: Pick<TestContext, 'skip'>): string {
  if (program !== undefined) return program
  const note = `npm has no ${name} for ${process.platform} on ${process.arch}`
  if (process.env.CI === 'true') throw new Error(`${note}: with CI=true nothing is skipped`)
  return context.skip(note)
}

async function serveWorker(program: string): Promise<RuntimeServer> {
  const { directory, remove } = await bundleWorker()
  try {
    const server = await start(program, ['serve', join(directory, 'worker.capnp'), '--control-fd=1'])
    return { ...server, stop: () => server.stop().finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Bundles the worker, by conditions of which several are true, as for Workers that may use Node's modules: a directory
 * with `worker.js`, and its configuration.
 */
export async function bundleWorker(): Promise<{ readonly directory: string; remove(): void }> {
  const modules = join(here, '../../node_modules/.cache')
  mkdirSync(modules, { recursive: true })
  const directory = mkdtempSync(join(modules, 'worker-'))
  await build({
    config: false,
    entry: [fixture('worker.ts')],
    outDir: directory,
    platform: 'neutral',
    fixedExtension: false,
    dts: false,
    logLevel: 'warn',
    deps: { alwaysBundle: [/./] },
    inputOptions: { resolve: { conditionNames: ['workerd', 'worker', 'browser', 'node', 'import'] } },
  })
  await copyFile(fixture('worker.capnp'), join(directory, 'worker.capnp'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

function fixture(name: string): string {
  return join(here, name)
}

/**
 * The program that npm brings: a runtime's package has one for each platform among its optional dependencies, of which
 * the one for this platform is installed.
 */
function programOf(runtime: string, file: string): string | undefined {
  const manifest = require.resolve(`${runtime}/package.json`)
  const { optionalDependencies }: { optionalDependencies: Readonly<Record<string, string>> } = require(manifest)
  const requireThere = createRequire(manifest)
  for (const name of Object.keys(optionalDependencies)) {
    try {
      return requireThere.resolve(`${name}/${file}${process.platform === 'win32' ? '.exe' : ''}`)
    } catch {
      // Another platform's.
    }
  }
  return undefined
}

/** Starts a process that says on which port it listens, in its first line. */
async function start(program: string, args: readonly string[]): Promise<RuntimeServer> {
  const child = spawn(program, args, { cwd: here, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = once(child, 'close')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    return { url: `http://127.0.0.1:${await Promise.race([portOf(child), failed(ended)])}`, stop }
  } catch (error) {
    await stop()
    throw new Error(`${program} did not listen: ${String(error)}\n${errors}`)
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('It says nothing')
  const signal = AbortSignal.timeout(PATIENCE)
  const [line] = await once(createInterface(stdout), 'line', { signal })
  // Bun, Deno and Node print the number; workerd reports an object that has it.
  const said: unknown = JSON.parse(String(line))
  const port = typeof said === 'object' && said !== null && 'port' in said ? said.port : said
  if (typeof port !== 'number') throw new Error(`No port: ${line}`)
  return port
}

async function failed(ended: Promise<unknown>): Promise<never> {
  await ended
  throw new Error('It ended')
}
