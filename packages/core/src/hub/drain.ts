import { Chunk } from '../connection/chunk.ts'
import type { Connection } from '../connection/connection.ts'
import { unref } from '../connection/heartbeat.ts'
import { MAX_RETRY } from '../wire/event.ts'

/** How often streams are ended during the window, in milliseconds. */
const STEP = 50

/** How long clients may take for the last of their streams once all have ended, in milliseconds. */
const GRACE = 1_000

/**
 * Ends streams spread over a window, so that their clients do not come back all at once: each with a time of its own to come
 * back. Those of sources that may end by themselves have until its end; the clients of these are then told times that are spread
 * over as long a window again.
 *
 * @param window in milliseconds, above 0.
 */
export function drainOver(connections: readonly Connection[], window: number): Promise<void> {
  const endless = connections.filter((connection) => connection.isEndless)
  const began = performance.now()
  let ended = 0
  return new Promise((resolve) => {
    const step = (): void => {
      const passed = (performance.now() - began) / window
      const due = Math.ceil(endless.length * Math.min(1, passed))
      for (const connection of endless.slice(ended, due)) endWithRetry(connection, 0)
      ended = Math.max(ended, due)
      if (passed < 1 && connections.some((connection) => !connection.isOver)) return
      clearInterval(timer)
      for (const connection of connections) endWithRetry(connection, Math.floor(Math.random() * window))
      resolve()
    }
    const timer = setInterval(step, Math.min(STEP, window))
    step()
  })
}

/** Ends all streams now, each with a time of its own to come back. Clients that have not taken what was sent a second later are cut. */
export function endAll(connections: readonly Connection[]): void {
  for (const connection of connections) endWithRetry(connection, 0)
  const taking = connections.filter(isTaking)
  if (taking.length > 0) unref(setTimeout(() => cut(taking), GRACE))
}

function cut(connections: readonly Connection[]): void {
  for (const connection of connections) if (isTaking(connection)) connection.sink.destroy()
}

/** Whether something that was sent has not left. */
function isTaking({ sink }: Connection): boolean {
  return sink.bufferedBytes > 0
}

/** Ends a stream, telling its client when to come back: `later` milliseconds after the time that it would be told otherwise. */
function endWithRetry(connection: Connection, later: number): void {
  if (connection.isOver) return
  // Beyond that the timers of some clients overflow, and they come back at once.
  const retry = Math.min(connection.host.retry() + later, MAX_RETRY)
  connection.close('drain', Chunk.ofText(`retry: ${retry}\n\n`, 0))
}
