import { freePort, isFree, runDemo } from './demos.mjs'
import { startLandingPage } from './landing.mjs'

/** @import { Demo } from './demos.mjs' */
/** @import { Shown } from './landing.mjs' */

/**
 * Runs demos behind one landing page, each for itself: what happens to one does not concern the others. Prints the
 * addresses when every demo runs or has failed.
 *
 * @param {readonly Demo[]} demos
 * @param {number} port of the landing page; the demos take the next free ones
 * @param {AbortSignal} signal ends everything
 * @param {Pick<Console, 'log' | 'error'>} [print]
 * @returns {Promise<void>} resolves when all demos have ended, and the landing page with them
 */
export async function launch(demos, port, signal, print = console) {
  if (!(await isFree(port))) throw new Error(`Port ${port} is taken: set PORT to another one`)
  const shown = await withPorts(demos, port)
  const landing = await startLandingPage(shown, port)
  print.log(`\nStarting ${demos.map(({ name }) => name).join(', ')} …`)
  const launched = shown.map((each) => {
    const { demo } = each
    return launchOne(each, signal, (state, detail) => {
      landing.tell(demo.name, state, detail)
      if (state === 'failed' || (state === 'stopped' && !signal.aborted)) print.error(`${demo.name}: ${detail}`)
    })
  })
  const lines = await Promise.all(launched.map(({ started }) => started))
  if (!signal.aborted) print.log(`\n  ${landing.url}  leads to all of them\n\n${lines.join('\n')}\n`)
  await Promise.all(launched.map(({ ended }) => ended))
  landing.stop()
  await landing.closed
}

/**
 * @param {Shown} shown
 * @param {AbortSignal} signal
 * @param {Parameters<typeof runDemo>[3]} tell
 * @returns {{ readonly started: Promise<string>, readonly ended: Promise<void> }} `started`: a line that says how
 */
function launchOne({ demo, port }, signal, tell) {
  /** @type {(line: string) => void} */
  let resolve = () => {}
  /** @type {Promise<string>} */
  const started = new Promise((settle) => {
    resolve = settle
  })
  const ended = runDemo(demo, port, signal, (state, detail) => {
    tell(state, detail)
    if (state !== 'starting') resolve(`  ${demo.name.padEnd(14)} http://localhost:${port}  ${state}`)
  })
  return { started, ended }
}

/**
 * Gives every demo a free port of its own, after the landing page's.
 *
 * @param {readonly Demo[]} demos
 * @param {number} landing
 */
async function withPorts(demos, landing) {
  /** @type {Shown[]} */
  const shown = []
  for (const demo of demos) shown.push({ demo, port: await freePort((shown.at(-1)?.port ?? landing) + 1) })
  return shown
}
