// `npm start`: builds what the demos in apps/ need, starts each of them, and prints the address. A single demo has the
// address to itself; of several, a landing page there leads to each. PORT overrides the address's port.
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findDemos, freePort, isFree, startDemo, startLandingPage } from './demos.mjs'
import { spawnTurbo } from './turbo.mjs'

/** How long demos may take to end after a signal, in milliseconds. */
const stopTimeout = 10_000

const apps = fileURLToPath(new URL('../apps', import.meta.url))

/** @type {{ readonly closed: Promise<unknown>, stop(): void }[]} */
const running = []
const interrupted = new AbortController()

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, stop)
if (process.env.npm_lifecycle_event === 'start') stopWithParent()

try {
  const wanted = wantedPort()
  await build()
  const url = await start(wanted ?? (await freePort(3_000)))
  console.log(`\n  ${url}\n`)
  await Promise.race(running.map(({ closed }) => closed))
  if (!interrupted.signal.aborted) throw new Error('A demo has ended')
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
} finally {
  if (!interrupted.signal.aborted) stop()
  await Promise.all(running.map(({ closed }) => closed))
}

/** Ends everything. Whatever has not ended in time is left behind. */
function stop() {
  for (const each of running) each.stop()
  interrupted.abort(new Error('interrupted'))
  setTimeout(() => process.exit(1), stopTimeout).unref()
}

/** npm hands a signal to the shell between it and this process, and that shell dies of it without a word to us. */
function stopWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, 200)
  watch.unref()
}

async function build() {
  const child = spawnTurbo(['run', 'build', '--filter=./apps/*...', '--output-logs=errors-only'])
  const closed = once(child, 'close')
  running.push({ closed, stop: () => void child.kill('SIGTERM') })
  const [code] = await closed
  running.pop()
  interrupted.signal.throwIfAborted()
  if (code !== 0) throw new Error('The build failed')
}

/**
 * @param {number} port
 * @returns {Promise<string>} the address that shows everything
 */
async function start(port) {
  if (!(await isFree(port))) throw new Error(`Port ${port} is taken: set PORT to another one`)
  const demos = findDemos(apps)
  const [only] = demos
  if (only === undefined) throw new Error('There is no demo in apps/')
  if (demos.length === 1) {
    const demo = await startDemo(only, port, interrupted.signal)
    running.push(demo)
    return demo.url
  }
  const links = []
  for (const demo of demos) {
    const last = links.at(-1)?.port ?? port
    const own = await freePort(last + 1)
    const started = await startDemo(demo, own, interrupted.signal)
    running.push(started)
    links.push({ demo, url: started.url, port: own })
  }
  const landing = await startLandingPage(links, port)
  running.push(landing)
  return landing.url
}

/** @returns {number | undefined} `PORT`, or nothing where it is not set */
function wantedPort() {
  const text = process.env.PORT
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT must be 1 to 65535, not ${text}`)
  return port
}
