import { Chunk } from '../connection/chunk.ts'
import type { Connection } from '../connection/connection.ts'

const STEP = 50

/** Ends a stream, telling its client when to come back. */
export function endWithRetry(connection: Connection): void {
  connection.close('drain', Chunk.ofText(`retry: ${connection.host.retry()}\n\n`, 0))
}

/**
 * Ends streams spread over a window, so that their clients do not come back all at once. Those of sources that may end by
 * themselves have until its end.
 *
 * @param window in milliseconds.
 */
export function drainOver(connections: Iterable<Connection>, window: number): Promise<void> {
  const all = [...connections]
  const endless = all.filter((connection) => connection.isEndless)
  const began = performance.now()
  let ended = 0
  return new Promise((resolve) => {
    const step = (): void => {
      const passed = (performance.now() - began) / window
      const due = Math.ceil(endless.length * Math.min(1, passed))
      for (const connection of endless.slice(ended, due)) endWithRetry(connection)
      ended = Math.max(ended, due)
      if (passed < 1 && all.some((connection) => !connection.isOver)) return
      clearInterval(timer)
      for (const connection of all) endWithRetry(connection)
      resolve()
    }
    const timer = setInterval(step, Math.min(STEP, window))
    step()
  })
}
