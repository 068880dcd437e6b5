import type { RedisConnection } from './endpoint.ts'
import { codeOf } from './redis-error.ts'

/** A client of our own that is not connected yet, in the words of its library. */
export interface Line {
  /** Resolves when commands may be sent. */
  connect(): Promise<unknown>
  send(args: readonly string[]): Promise<unknown>
  /** What it says of its end: more than once, and at a time when there is no connection, is fine. */
  onEnd(listener: (reason: unknown) => void): void
  /** Ends it in any state, more than once. What has no answer rejects. */
  destroy(): void
}

/**
 * Connects a client, and makes sure that Redis serves it: rejects within `timeout` ms, or when aborted, and leaves nothing
 * behind then.
 */
export async function openConnection(line: Line, timeout: number, signal?: AbortSignal): Promise<RedisConnection> {
  signal?.throwIfAborted()
  const connection = new LineConnection(line)
  const timer = setTimeout(() => connection.end(new Error(`no connection within ${timeout} ms`)), timeout)
  const abort = (): void => connection.end(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    await Promise.race([line.connect(), failed(connection)])
    await assertServing(connection)
    return connection
  } catch (error) {
    connection.end(error)
    throw plainError(await connection.closed)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** Passwords may be missing, and data be loading still. One whose disk is full refuses this as well, but can be read. */
async function assertServing(connection: RedisConnection): Promise<void> {
  try {
    await connection.send(['PING'])
  } catch (error) {
    if (codeOf(error) !== 'MISCONF') throw error
  }
}

async function failed({ closed }: RedisConnection): Promise<never> {
  throw await closed
}

class LineConnection implements RedisConnection {
  readonly closed: Promise<unknown>
  /** The first reason given is the one that counts. */
  readonly end: (reason: unknown) => void
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
    let settle: (reason: unknown) => void = () => {}
    this.closed = new Promise((resolve) => (settle = resolve))
    this.end = (reason) => {
      settle(plainError(reason))
      line.destroy()
    }
    line.onEnd(this.end)
  }

  async send(args: readonly string[]): Promise<unknown> {
    try {
      return await this.#line.send(args)
    } catch (error) {
      throw plainError(error)
    }
  }

  destroy(): void {
    this.end(new Error('the connection was closed'))
  }
}

/**
 * An error that may be shown and logged. Libraries attach the command with its arguments to an error reply: a password, or what
 * was published. One that tried several addresses has no message of its own.
 */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return new Error(String(error))
  if (error instanceof AggregateError && error.message === '') {
    return new Error(error.errors.map(String).join(', '), { cause: error })
  }
  return 'command' in error ? new Error(error.message) : error
}
