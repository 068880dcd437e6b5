import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort, isFree } from './demos.mjs'

/** @import { EngineName, SeveralNodes } from './start-options.mjs' */
/** @import { Engine } from '../tooling/engines.ts' */

/** The program that is an engine's server. */
const SERVERS = /** @type {const} */ ({ redis: 'redis-server', nats: 'nats-server' })

const stocks = fileURLToPath(new URL('../apps/stocks', import.meta.url))

/**
 * Says what is missing before anything is built.
 *
 * @param {SeveralNodes} options
 * @throws {Error} where the engine is to be started, and is not on PATH
 */
export async function assertEngine({ engine, url }) {
  if (url !== undefined) return
  const { findProgram, howToInstall } = await import('../tooling/programs.ts')
  const server = SERVERS[engine]
  if (findProgram(server) !== undefined) return
  throw new Error(
    `--log ${engine} starts ${server}, which is not on PATH: ${howToInstall(server)}, or give one that runs by --url`,
  )
}

/**
 * Runs the stocks demo on several nodes, with the engine unless one was given. Whichever of the two ends, both do.
 *
 * @param {SeveralNodes} options
 * @param {number} port of the page; the nodes take the next free ones
 * @param {AbortSignal} signal ends everything
 * @returns {Promise<void>} resolves when all of it is gone; rejects where it ended by itself
 */
export async function runSeveralNodes({ engine, url, nodes }, port, signal) {
  if (!(await isFree(port))) throw new Error(`Port ${port} is taken: set PORT to another one`)
  const started = url === undefined ? await startEngine(engine) : undefined
  try {
    const env = {
      LOG: engine,
      LOG_URL: url ?? started?.url,
      PORT: String(port),
      NODE_PORTS: (await portsAfter(port, nodes)).join(),
    }
    await runCluster(env, signal)
  } finally {
    await started?.stop()
  }
}

/**
 * @param {EngineName} engine
 * @returns {Promise<Engine>}
 */
async function startEngine(engine) {
  const { startNats, startRedis } = await import('../tooling/engines.ts')
  return engine === 'redis' ? startRedis() : startNats()
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} signal
 */
async function runCluster(env, signal) {
  signal.throwIfAborted()
  const child = spawn(process.execPath, ['src/cluster.ts'], {
    cwd: stocks,
    env: { ...process.env, ...env },
    // It ends when the channel does, should this process be killed.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const stop = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  const [code, killedBy] = await exited
  if (!signal.aborted) throw new Error(`The demo has ended (${killedBy ?? `code ${code}`})`)
}

/**
 * @param {number} port
 * @param {number} count
 */
async function portsAfter(port, count) {
  /** @type {number[]} */
  const ports = []
  while (ports.length < count) ports.push(await freePort((ports.at(-1) ?? port) + 1))
  return ports
}
