import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'tsdown'
import type { TestContext } from 'vitest'

/** What servers run on. */
export type RuntimeName = 'Node' | 'Bun' | 'Deno' | 'workerd'

/** A process that serves. */
export interface RuntimeServer {
  /** Where it listens. */
  readonly url: string
  /** Ends its process, and resolves when it has ended. */
  stop(): Promise<void>
}

/** How long a runtime may take to listen, in milliseconds. */
const PATIENCE = 30_000

const DENO_FLAGS = ['--no-prompt', '--cached-only', '--no-lock', '--node-modules-dir=manual', '--quiet']
const DENO_RIGHTS = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys']

/** What each runtime wants to be told before a file that it is to run. */
const ARGS: Readonly<Record<Exclude<RuntimeName, 'workerd'>, readonly string[]>> = {
  Node: ['--no-warnings'],
  Bun: ['run'],
  Deno: ['run', ...DENO_FLAGS, ...DENO_RIGHTS],
}

/** The npm packages that bring a runtime, and the file that is its program. */
const PACKAGES: Readonly<Record<Exclude<RuntimeName, 'Node'>, readonly [name: string, file: string]>> = {
  Bun: ['bun-runtime', 'bin/bun'],
  Deno: ['deno-runtime', 'deno'],
  workerd: ['workerd', 'bin/workerd'],
}

const require = createRequire(import.meta.url)

/** The program of a runtime, unless npm has none for this platform. Node's is the one that runs this. */
export function programOf(runtime: RuntimeName): string | undefined {
  if (runtime === 'Node') return process.execPath
  const [name, file] = PACKAGES[runtime]
  const manifest = require.resolve(`${name}/package.json`)
  const { optionalDependencies }: { optionalDependencies: Readonly<Record<string, string>> } = require(manifest)
  const requireThere = createRequire(manifest)
  // There is one for each platform, and the one for this platform is installed.
  for (const platform of Object.keys(optionalDependencies)) {
    try {
      return requireThere.resolve(`${platform}/${file}${process.platform === 'win32' ? '.exe' : ''}`)
    } catch {
      // Another platform's.
    }
  }
  return undefined
}

/**
 * The program of a runtime. Where npm has none for this platform, the test is skipped with a note; with `CI=true` it
 * fails instead.
 */
export function requireRuntime(runtime: RuntimeName, context: Pick<TestContext, 'skip'>): string {
  const program = programOf(runtime)
  if (program !== undefined) return program
  const note = `npm has no ${runtime} for ${process.platform} on ${process.arch}`
  if (process.env.CI === 'true') throw new Error(`${note}: with CI=true nothing is skipped`)
  return context.skip(note)
}

/** Where a server's files are, and what its process finds in its environment. */
export interface ServeOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a file that says, in its first line, on which port it listens. */
export function serveFile(
  runtime: Exclude<RuntimeName, 'workerd'>,
  program: string,
  file: string,
  options: ServeOptions,
): Promise<RuntimeServer> {
  return start(program, [...ARGS[runtime], file], options)
}

/** A worker to be bundled. */
export interface Worker {
  readonly entry: string
  /** For workerd; the worker is `worker.js` beside it. */
  readonly configuration: string
  /** From where the worker's modules are resolved. */
  readonly cwd: string
}

/** Bundles a worker, and runs it. */
export async function serveWorker(program: string, worker: Worker): Promise<RuntimeServer> {
  const { directory, remove } = await bundleWorker(worker)
  try {
    const args = ['serve', join(directory, 'worker.capnp'), '--control-fd=1']
    const server = await start(program, args, { cwd: directory })
    return { ...server, stop: () => server.stop().finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Bundles a worker, by conditions of which several are true, as for Workers that may use Node's modules: a directory
 * in `node_modules` with `worker.js`, and its configuration.
 */
export async function bundleWorker({
  entry,
  configuration,
  cwd,
}: Worker): Promise<{ readonly directory: string; remove(): void }> {
  const directory = mkdtempSync(join(cwd, 'node_modules/.worker-'))
  await build({
    config: false,
    cwd,
    entry: { worker: entry },
    outDir: directory,
    platform: 'neutral',
    fixedExtension: false,
    dts: false,
    logLevel: 'warn',
    deps: { alwaysBundle: [/./] },
    inputOptions: { resolve: { conditionNames: ['workerd', 'worker', 'browser', 'node', 'import'] } },
  })
  await copyFile(configuration, join(directory, 'worker.capnp'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Starts a process that says on which port it listens, in its first line. */
async function start(program: string, args: readonly string[], { cwd, env }: ServeOptions): Promise<RuntimeServer> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
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
