import type { EventLog, LogEntry } from '@sse/core'
import { type Append, AppendQueue, keepRunning } from '@sse/core/engine'
import { openLink } from './link.ts'
import { type BatchPlace, LogScript } from './log-script.ts'
import type { RedisSettings } from './options.ts'
import { positionBefore } from './position.ts'
import { codeOf, isPassing, redisError } from './redis-error.ts'

/** The most that goes into one batch: Redis does nothing else while it stores it. */
const BATCH = { appends: 500, characters: 256 * 1024 }

interface Batch {
  readonly number: number
  readonly appends: readonly Append[]
}

/**
 * Puts into the stream what this process appends, over a connection of its own: one batch after the other, each all that was
 * appended while the one before was under way. A batch whose answer was lost is asked for on the next connection, and sent
 * again only where Redis does not have it, so that every event is stored once.
 */
export class Writer {
  readonly #settings: RedisSettings
  readonly #queue: AppendQueue
  #running: Promise<void> | undefined
  #stopping = new AbortController()
  #isReleased = false
  #wake: (() => void) | undefined
  #numbers = 0
  /** Sent, and not answered. */
  #sent: Batch | undefined
  /** So many are sent one by one: together they broke the connection. */
  #alone = 0

  constructor(settings: RedisSettings) {
    this.#settings = settings
    const { publishTimeout } = settings
    this.#queue = new AppendQueue({
      engine: `Redis at ${settings.endpoint.name}`,
      publishTimeout,
      wake: () => this.#go(),
    })
  }

  append(entry: LogEntry): ReturnType<EventLog['append']> {
    return this.#queue.add(entry)
  }

  /** Ends its connection once nothing waits any more, unless somebody has gone on with it meanwhile: then that is theirs. */
  async release(): Promise<void> {
    this.#isReleased = true
    await this.#queue.finish()
    if (!this.#isReleased) return
    this.#endIfDone()
    await this.#running
  }

  #go(): void {
    this.#isReleased = false
    this.#running ??= this.#run()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    await keepRunning((isWorking) => this.#serve(signal, isWorking), {
      signal,
      onBreak: (error) => {
        this.#queue.reason = redisError(this.#settings.endpoint.name, error)
        this.#endIfDone()
      },
    })
    this.#running = undefined
    // What was appended while it ended.
    if (this.#queue.size > 0) this.#go()
  }

  #endIfDone(): void {
    if (this.#isReleased && this.#queue.size === 0) this.#stopping.abort()
  }

  /** Ends when the connection breaks, or is let go of. */
  async #serve(signal: AbortSignal, isWorking: () => void): Promise<void> {
    const { endpoint, probeInterval } = this.#settings
    const connection = await openLink({ endpoint, timeout: 2 * probeInterval, signal })
    let broken: { readonly reason: unknown } | undefined
    void connection.closed.then((reason) => {
      broken = { reason }
      this.#wake?.()
    })
    try {
      const script = new LogScript(connection, this.#settings, this.#queue.writer)
      await this.#settle(script)
      this.#queue.reason = undefined
      isWorking()
      while (broken === undefined) {
        const appends = this.#queue.take({ ...BATCH, appends: this.#alone > 0 ? 1 : this.#batchSize })
        if (appends.length > 0) await this.#send(script, appends)
        else await this.#idle()
      }
      throw broken.reason
    } finally {
      connection.destroy()
    }
  }

  /** Makes sure that the log is there, and finds out what has become of the batch whose answer was lost. */
  async #settle(script: LogScript): Promise<void> {
    const { batch } = await script.check(undefined, this.#sent?.number)
    const sent = this.#sent
    this.#sent = undefined
    if (sent !== undefined && batch !== undefined) accept(sent.appends, batch)
    this.#queue.putBack()
  }

  async #send(script: LogScript, appends: readonly Append[]): Promise<void> {
    const number = ++this.#numbers
    this.#sent = { number, appends }
    this.#alone = Math.max(0, this.#alone - appends.length)
    try {
      const { epoch, last } = await script.append(
        number,
        appends.map(({ entry }) => entry),
      )
      this.#sent = undefined
      accept(appends, { epoch, position: last })
    } catch (error) {
      // Without a code it is the connection that broke, and nobody knows what became of the batch.
      if (codeOf(error) === undefined) throw error
      this.#sent = undefined
      this.#refused(error, appends)
    }
  }

  /** Redis has refused a batch, all of it: another connection may do, or its events do not. */
  #refused(error: unknown, appends: readonly Append[]): void {
    const isTooLong = error instanceof Error && error.message.includes('Protocol error')
    if (isPassing(error) || (isTooLong && appends.length > 1)) {
      if (isTooLong) this.#alone = appends.length
      this.#queue.putBack()
      throw error
    }
    const reason = redisError(this.#settings.endpoint.name, error)
    for (const append of appends) append.refuse(reason)
  }

  /** A batch is stored in one step: one that is longer than the stream would push out its own events before they are read. */
  get #batchSize(): number {
    return Math.min(BATCH.appends, Math.ceil(this.#settings.retention.maxEvents / 4))
  }

  /** Resolves when there is something to do. */
  async #idle(): Promise<void> {
    this.#endIfDone()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }
}

/** A batch has its places in a row. */
function accept(appends: readonly Append[], { epoch, position }: BatchPlace): void {
  for (const [i, append] of appends.entries()) {
    append.accept({ epoch, position: positionBefore(position, appends.length - 1 - i) })
  }
}
