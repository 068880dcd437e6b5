import { setImmediate as nextTurn } from 'node:timers/promises'

const PATIENCE = 15_000
/** Taken at load: a test may stop the clock. */
const now = performance.now.bind(performance)

/**
 * Resolves when a condition holds, which is looked at in every turn of the event loop.
 *
 * @throws {Error} showing the condition, after 15 seconds.
 */
export async function until(condition: () => unknown): Promise<void> {
  const deadline = now() + PATIENCE
  while (!(await condition())) {
    if (now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${condition}`)
    await nextTurn()
  }
}

/** Resolves when a value has not changed for a hundred turns of the event loop, such as what the kernel takes. */
export async function untilSettled(read: () => number): Promise<void> {
  let last = Number.NaN
  let turns = 0
  while (turns < 100) {
    const value = read()
    turns = value === last ? turns + 1 : 0
    last = value
    await nextTurn()
  }
}
