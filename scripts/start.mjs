// `npm start`: builds what the demos in apps/ need, and starts each of them behind one landing page that leads to all and
// shows how they are. PORT is the landing page's port; the demos take the next free ones. With `--log` it is the stocks demo
// alone, on several nodes (start-options.mjs).
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findDemos, freePort } from './demos.mjs'
import { launch } from './launch.mjs'
import { assertEngine, runSeveralNodes } from './several-nodes.mjs'
import { help, startOptions } from './start-options.mjs'
import { spawnTurbo } from './turbo.mjs'

/** @import { SeveralNodes } from './start-options.mjs' */

/** How long demos may take to end after a signal, in milliseconds. */
const stopTimeout = 10_000

const apps = fileURLToPath(new URL('../apps', import.meta.url))

const interrupted = new AbortController()

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, stop)
if (process.env.npm_lifecycle_event === 'start') stopWithParent()

try {
  const options = startOptions(process.argv.slice(2))
  const wanted = wantedPort()
  if (options === 'help') console.log(help)
  else if (options === undefined) await startDemos(wanted)
  else await startSeveralNodes(options, wanted)
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

/** @param {number | undefined} wanted the landing page's port */
async function startDemos(wanted) {
  await build('./apps/*')
  const demos = findDemos(apps)
  if (demos.length === 0) throw new Error('There is no demo in apps/')
  await launch(demos, wanted ?? (await freePort(3_000)), interrupted.signal)
  if (!interrupted.signal.aborted) throw new Error('Every demo has ended')
}

/**
 * @param {SeveralNodes} options
 * @param {number | undefined} wanted the page's port
 */
async function startSeveralNodes(options, wanted) {
  await assertEngine(options)
  await build('./apps/stocks')
  await runSeveralNodes(options, wanted ?? (await freePort(3_000)), interrupted.signal)
}

/** Ends everything. Whatever has not ended in time is left behind. */
function stop() {
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

/**
 * Builds what can be built: what cannot does not keep the others from starting.
 *
 * @param {string} folders of the demos
 */
async function build(folders) {
  const args = [
    'run',
    'build',
    `--filter=${folders}...`,
    '--output-logs=errors-only',
    '--continue=dependencies-successful',
  ]
  const child = spawnTurbo(args)
  interrupted.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const [code] = await once(child, 'close')
  interrupted.signal.throwIfAborted()
  if (code !== 0) console.error('Not everything could be built: what needs it will fail.')
}

/** @returns {number | undefined} `PORT`, or nothing where it is not set */
function wantedPort() {
  const text = process.env.PORT
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`PORT must be 1 to 65535, not ${text}`)
  return port
}
