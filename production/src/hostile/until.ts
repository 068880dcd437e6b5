import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when a condition holds; the test's own limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
