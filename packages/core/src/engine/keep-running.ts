const MIN_PAUSE = 50
const MAX_PAUSE = 2_000

/** How to keep something running. */
export interface KeepRunningOptions {
  /** Aborts when it is to end. */
  readonly signal: AbortSignal
  /** Gets the error of each run that broke. */
  onBreak(error: unknown): void
}

/**
 * Runs something that ends only when it breaks, such as a connection, again and again until aborted. Pauses between runs
 * grow from 50 ms to 2 s, each drawn from its upper half, and begin anew after a run that has told that it works.
 *
 * @param run gets a function to call when it works; it is to end, one way or the other, when `signal` aborts.
 */
export async function keepRunning(
  run: (isWorking: () => void) => Promise<void>,
  { signal, onBreak }: KeepRunningOptions,
): Promise<void> {
  let pause = MIN_PAUSE
  while (!signal.aborted) {
    try {
      await run(() => {
        pause = MIN_PAUSE
      })
    } catch (error) {
      if (signal.aborted) return
      onBreak(error)
    }
    await delay(pause * (0.5 + Math.random() / 2), signal)
    pause = Math.min(pause * 2, MAX_PAUSE)
  }
}

/** Resolves after so many milliseconds, or when aborted. */
export function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
}
