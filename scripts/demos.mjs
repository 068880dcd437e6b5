import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a demo may take until its address answers, in milliseconds. */
const startTimeout = 30_000

/** The adapters, and the frameworks they are for. */
const FRAMEWORKS = Object.entries({
  '@sse/express': 'Express',
  '@sse/koa': 'Koa',
  '@sse/hono': 'Hono',
  '@sse/nest': 'Nest',
})

/**
 * @typedef {object} Demo
 * @property {string} name of its package
 * @property {string} description
 * @property {string} directory
 * @property {readonly string[]} args what Node is started with
 * @property {string | undefined} framework which one it shows
 * @property {string | undefined} icon the file
 *
 * @typedef {{ readonly url: string, readonly closed: Promise<readonly [code: number | null, signal: string | null]>, stop(): void }} Running
 *
 * @typedef {'starting' | 'running' | 'stopped' | 'failed'} DemoState `stopped`: it ended, and nothing was wrong; `failed`:
 *   it did not start, or ended with an error
 *
 * @typedef {object} Package
 * @property {string} name
 * @property {string} [description]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 */

/**
 * The demos in a directory: each folder whose package.json has a `start` script, which is `node` and its arguments.
 *
 * @param {string} apps
 * @returns {Demo[]} in order of their names
 */
export function findDemos(apps) {
  /** @type {Demo[]} */
  const demos = []
  for (const folder of readdirSync(apps, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue
    const directory = join(apps, folder.name)
    const { name, description = '', scripts, dependencies = {} } = readPackage(directory)
    if (scripts?.start === undefined) continue
    const [command, ...args] = scripts.start.split(' ')
    if (command !== 'node') throw new Error(`The start script of ${name} must be \`node\` and its arguments`)
    const [, framework] = FRAMEWORKS.find(([adapter]) => Object.hasOwn(dependencies, adapter)) ?? []
    demos.push({ name, description, directory, args, framework, icon: iconIn(directory) })
  }
  return demos.sort((a, b) => a.name.localeCompare(b.name))
}

/**
 * @param {string} directory
 * @returns {Package} empty for a folder that is no package
 */
function readPackage(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  } catch {
    return { name: directory }
  }
}

/** @param {string} directory */
function iconIn(directory) {
  const icon = join(directory, 'public', 'icon.svg')
  return existsSync(icon) ? icon : undefined
}

/**
 * The first port from `port` on that nobody listens on.
 *
 * @param {number} port
 * @returns {Promise<number>}
 */
export async function freePort(port) {
  for (let candidate = port; candidate <= 65_535; candidate++) {
    if (await isFree(candidate)) return candidate
  }
  throw new Error(`No port is free from ${port} on`)
}

/**
 * Whether nobody listens on a port, neither on all addresses nor on the loopback ones alone.
 *
 * @param {number} port
 */
export async function isFree(port) {
  for (const host of [undefined, '127.0.0.1']) {
    const server = createSocketServer()
    const listening = once(server, 'listening')
    server.listen({ port, host, exclusive: true })
    try {
      await listening
    } catch {
      return false
    }
    server.close()
    await once(server, 'close')
  }
  return true
}

/**
 * Starts a demo and waits until its address answers.
 *
 * @param {Demo} demo
 * @param {number} port
 * @param {AbortSignal} signal ends the wait
 * @returns {Promise<Running>}
 */
export async function startDemo(demo, port, signal) {
  const child = spawn(process.execPath, demo.args, {
    cwd: demo.directory,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  /** @type {Running['closed']} */
  const closed = new Promise((resolve) => child.once('close', (...end) => resolve(end)))
  const url = `http://localhost:${port}`
  const running = { url, closed, stop: () => void child.kill('SIGTERM') }
  const ended = closed.then(([code, killedBy]) => {
    throw new Error(`${demo.name} ended with ${killedBy ?? `code ${code}`} before it answered`)
  })
  ended.catch(() => {})
  try {
    await Promise.race([waitForAnswer(url, signal), ended])
  } catch (error) {
    running.stop()
    throw error
  }
  return running
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function waitForAnswer(url, signal) {
  const deadline = Date.now() + startTimeout
  while (Date.now() < deadline) {
    signal.throwIfAborted()
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) })
      await response.body?.cancel()
      if (response.ok) return
    } catch {
      // Nobody listens yet.
    }
    await delay(50, undefined, { signal })
  }
  throw new Error(`${url} did not answer within ${startTimeout / 1_000} s`)
}

/**
 * Runs a demo to its end, whatever that is: it takes nothing else down.
 *
 * @param {Demo} demo
 * @param {number} port
 * @param {AbortSignal} signal stops it
 * @param {(state: DemoState, detail?: string) => void} tell hears of every state, with a reason for those that want one
 * @returns {Promise<void>} resolves when the demo has ended
 */
export async function runDemo(demo, port, signal, tell) {
  tell('starting')
  try {
    const { closed, stop } = await startDemo(demo, port, signal)
    tell('running')
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const [code, killedBy] = await closed
    if (code === 0 || signal.aborted) tell('stopped', 'It has ended')
    else tell('failed', `It ended with ${killedBy ?? `code ${code}`}`)
  } catch (error) {
    tell(signal.aborted ? 'stopped' : 'failed', error instanceof Error ? error.message : String(error))
  }
}
