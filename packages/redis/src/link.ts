import type { RedisConnection, RedisEndpoint } from './endpoint.ts'

/** How to connect. */
export interface LinkOptions {
  readonly endpoint: RedisEndpoint
  /** How long Redis may take for an answer, in milliseconds: also for the first. */
  readonly timeout: number
  /** Ends the attempt, or the connection. */
  readonly signal: AbortSignal
}

/**
 * Opens a connection that is taken for broken when an answer is not there in time: a peer that is frozen, or gone without a
 * word, leaves it open for ever.
 */
export async function openLink({ endpoint, timeout, signal }: LinkOptions): Promise<RedisConnection> {
  const connection = await endpoint.connect(timeout, signal)
  const end = (): void => connection.destroy()
  signal.addEventListener('abort', end)
  // It may have been aborted as the connection came.
  if (signal.aborted) end()
  void connection.closed.then(() => signal.removeEventListener('abort', end))
  return { closed: connection.closed, destroy: end, send: (args) => answered(connection, args, timeout) }
}

function answered(connection: RedisConnection, args: readonly string[], timeout: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let isAnswered = false
    const judge = (): void => {
      if (isAnswered) return
      reject(new Error(`no answer within ${timeout} ms, so the connection is taken for broken`))
      connection.destroy()
    }
    // Where this process was busy for so long, the answer has come and is not read yet: timers come first.
    const timer = setTimeout(() => setImmediate(judge), timeout)
    connection
      .send(args)
      .then(resolve, reject)
      .finally(() => {
        isAnswered = true
        clearTimeout(timer)
      })
  })
}
