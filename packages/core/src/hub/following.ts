import type { ErrorContext } from '../connection/options.ts'
import type { FanOut } from './fan-out.ts'
import type { EventLog, LogFollower, LogRecord } from './log.ts'
import { type LogPlace, Stopwatch } from './stopwatch.ts'
import { isReserved } from './topics.ts'

/**
 * - `idle`: nobody has asked for it yet
 * - `loading`: it is there, or about to be; its tail is read, or what was missed while it was away
 * - `ready`: everything it has was read
 * - `away`: it cannot be read for now. Streams stay open and are sent comments; those that come wait for it
 * - `closed`: the hub has let go of it
 */
export type LogState = 'idle' | 'loading' | 'ready' | 'away' | 'closed'

/** Events that are published so soon after another, in milliseconds, do not say more about how far behind this process is. */
const LAG_SPACING = 1

/** For so long, in milliseconds, what hubs write for each other may be unread: within a second it is to be done. */
const MAX_UNREAD = 1_000

/** What following a log needs. */
export interface FollowingOptions {
  readonly log: EventLog
  readonly fanOut: FanOut
  readonly onError: (error: unknown, context: ErrorContext) => void
  /** Gets the records that hubs write for each other. */
  readonly onControl: (record: LogRecord) => void
  /** History was lost that could not be read for a while, and what hubs have written for each other with it. */
  readonly onLoss: () => void
}

/** Reads the log into the fan-out, and knows whether the log is there. */
export class Following implements LogFollower {
  /** Why the log is away, if it is. */
  error: unknown
  /** Times what this process publishes, until it has been read back. */
  readonly #toRead: Stopwatch
  /** Since when the log has not been read, by `performance.now()`. */
  #behindSince: number | undefined
  readonly #options: FollowingOptions
  #stop: (() => Promise<void>) | undefined
  #isStarted = false
  #isStopped = false
  #isAway = false
  #head: string | undefined
  #ready: Promise<void> | undefined
  #resolveReady: (() => void) | undefined

  constructor(options: FollowingOptions) {
    this.#options = options
    this.#toRead = new Stopwatch({ log: options.log, spacing: LAG_SPACING })
  }

  get state(): LogState {
    if (this.#isStopped) return 'closed'
    if (!this.#isStarted) return 'idle'
    if (this.#isAway) return 'away'
    return this.#options.fanOut.isReady ? 'ready' : 'loading'
  }

  /** How far this process is behind the log, in milliseconds; what that means stands at `HubStats`. */
  get lag(): number {
    const { state } = this
    if (state === 'idle' || state === 'closed') return 0
    const now = performance.now()
    return now - Math.min(this.#behindSince ?? now, this.#toRead.oldest ?? now)
  }

  /** An event of this process is being appended, and is to be read back. */
  expect(place: Promise<LogPlace>): void {
    this.#toRead.start(place, performance.now())
  }

  /** Resolves when the log's tail has been read for the first time. */
  get ready(): Promise<void> {
    this.#ready ??= new Promise((resolve) => {
      if (this.#options.fanOut.isReady) resolve()
      else this.#resolveReady = resolve
    })
    return this.#ready
  }

  /** @throws what the log throws if it cannot be followed at all, such as one that keeps less than the ring; each time. */
  start(): void {
    if (this.#isStarted || this.#isStopped) return
    const { log, fanOut } = this.#options
    const { maxEvents, maxBytes } = fanOut.ring.bounds
    this.#isStarted = true
    this.#behindSince = performance.now()
    try {
      this.#stop = log.follow(this, { maxEvents, maxBytes })
    } catch (error) {
      this.#isStarted = false
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#stop?.()
  }

  attach({ epoch, floor, head }: { epoch: string; floor: string; head: string }): void {
    const { fanOut, log, onLoss } = this.#options
    const { ring } = fanOut
    const isFirst = ring.epoch === ''
    const isLost = epoch !== ring.epoch || log.compare(floor, ring.head.position) > 0
    if (isLost) fanOut.restart(epoch !== ring.epoch ? 'epoch' : 'trimmed', epoch, floor)
    if (isLost && !isFirst && this.#awayFor > MAX_UNREAD) onLoss()
    this.error = undefined
    this.#isAway = false
    this.#head = head
    if (!fanOut.isReady) this.#behindSince ??= performance.now()
    this.#becomeReady()
    this.#noteArrival()
  }

  records(batch: readonly LogRecord[]): void {
    const { fanOut, onControl } = this.#options
    for (const record of batch) {
      if (isReserved(record.topic)) {
        fanOut.pass(record.position)
        onControl(record)
      } else fanOut.append(record)
    }
    this.#becomeReady()
    this.#noteArrival()
  }

  detach(error: unknown): void {
    this.error = error
    this.#isAway = true
    this.#head = undefined
    this.#behindSince ??= performance.now()
    this.#options.fanOut.becomeUnready()
    this.#options.onError(error, { stage: 'log' })
  }

  /** For how long the log could not be read, in milliseconds. */
  get #awayFor(): number {
    return this.#isAway && this.#behindSince !== undefined ? performance.now() - this.#behindSince : 0
  }

  /** Ready is who has read up to where the log was at the attach. */
  #becomeReady(): void {
    const { fanOut, log } = this.#options
    if (this.#head === undefined || log.compare(fanOut.ring.head.position, this.#head) < 0) return
    this.#head = undefined
    this.#behindSince = undefined
    fanOut.becomeReady()
    this.#resolveReady?.()
  }

  #noteArrival(): void {
    const { ring } = this.#options.fanOut
    this.#toRead.arrived(ring.epoch, ring.head.position)
  }
}
