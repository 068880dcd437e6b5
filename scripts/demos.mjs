import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a demo may take until its address answers, in milliseconds. */
const startTimeout = 30_000

/** @typedef {{ readonly name: string, readonly description: string, readonly directory: string, readonly args: readonly string[] }} Demo */
/** @typedef {{ readonly url: string, readonly closed: Promise<unknown>, stop(): void }} Running */

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
    const { name, description = '', scripts } = readPackage(directory)
    if (scripts?.start === undefined) continue
    const [command, ...args] = scripts.start.split(' ')
    if (command !== 'node') throw new Error(`The start script of ${name} must be \`node\` and its arguments`)
    demos.push({ name, description, directory, args })
  }
  return demos.sort((a, b) => a.name.localeCompare(b.name))
}

/**
 * @param {string} directory
 * @returns {{ name: string, description?: string, scripts?: Record<string, string> }} empty for a folder that is no package
 */
function readPackage(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  } catch {
    return { name: directory }
  }
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
  const closed = once(child, 'close')
  const url = `http://localhost:${port}`
  const running = { url, closed, stop: () => void child.kill('SIGTERM') }
  const ended = closed.then(([code]) => {
    throw new Error(`${demo.name} ended with code ${code} before it answered`)
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
 * Serves a page that leads to each demo.
 *
 * @param {readonly { readonly demo: Demo, readonly url: string }[]} links
 * @param {number} port
 * @returns {Promise<Running>}
 */
export async function startLandingPage(links, port) {
  const page = landingPage(links)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page)
  })
  const listening = once(server, 'listening')
  server.listen(port)
  await listening
  const closed = once(server, 'close')
  return {
    url: `http://localhost:${port}`,
    closed,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @param {readonly { readonly demo: Demo, readonly url: string }[]} links */
function landingPage(links) {
  const items = links.map(
    ({ demo, url }) =>
      `<li><a href="${escapeHtml(url)}">${escapeHtml(demo.name)}</a><p>${escapeHtml(demo.description)}</p></li>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@sse demos</title>
<style>
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
  ul { list-style: none; padding: 0 }
  li { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .5rem; padding: 1rem; margin: 1rem 0 }
  a { font-size: 1.25rem }
  p { margin: .25rem 0 0 }
</style>
<h1>@sse demos</h1>
<ul>
${items.join('\n')}
</ul>
</html>
`
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
