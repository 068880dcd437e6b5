import { Chunk } from '../connection/chunk.ts'
import type { Heartbeat } from '../connection/heartbeat.ts'
import type { ErrorContext } from '../connection/options.ts'
import { afterTurn, nextTurn } from '../connection/turn.ts'
import { Audience } from './audience.ts'
import type { Cursor } from './cursor.ts'
import type { HubEvent } from './event.ts'
import type { Frame } from './frame.ts'
import type { EventLog, LogRecord } from './log.ts'
import type { Reader } from './reader.ts'
import { type Mark, Ring, type RingBounds } from './ring.ts'
import type { Selection } from './selection.ts'
import type { ResumeResult } from './stats.ts'
import type { Choice } from './subscription.ts'
import { TopicIndex } from './topics.ts'

/** So many bytes that wait for a flush are flushed at once. */
const FLUSH_BYTES = 64 * 1024
/** So many audiences keep what they read last, about 16 KiB each. */
const MAX_KEPT_READS = 64
/** The longest id that this library makes, in bytes. */
const MAX_ID = 128

/** Why it cannot be proved that nothing is missing. */
export type GapReason = 'trimmed' | 'epoch' | 'unknown-id' | 'lag'

/** Why it cannot be proved of an id that a client brought. */
export type LossReason = Exclude<GapReason, 'lag'>

/** Where a cursor that a client brought is. */
export type Place =
  | { readonly kind: 'at'; readonly mark: Mark }
  /** Without a position it is in an epoch that this process has not read of yet. */
  | { readonly kind: 'ahead'; readonly position: string | undefined }
  | { readonly kind: 'lost'; readonly reason: LossReason; readonly from: string | null }

/** What a fan-out needs of its hub. */
export interface FanOutOptions {
  readonly log: EventLog
  readonly bounds: RingBounds
  readonly heartbeat: Heartbeat
  readonly checkpoints: boolean
  readonly deserialize: (text: string) => unknown
  readonly onError: (error: unknown, context: ErrorContext) => void
}

/**
 * From the log to the clients: appends to the ring, and flushes to each audience what has been appended.
 *
 * One flush serves all events of a turn. Clients are served up to the flushed position and no further, whether live or
 * reading: what has not been flushed is still an audience's to deliver.
 */
export class FanOut {
  readonly ring: Ring
  readonly heartbeat: Heartbeat
  readonly checkpoints: boolean
  readonly onError: (error: unknown, context: ErrorContext) => void
  readonly gaps: Record<GapReason, number> = { trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 }
  /** What became of clients that brought an id. */
  readonly resumed: Record<ResumeResult, number> = { complete: 0, ended: 0, trimmed: 0, epoch: 0, 'unknown-id': 0 }
  /** Events that clients which brought an id got before they were live. */
  replayed = 0
  /** Gets the place that has been written, after each flush, where somebody measures. */
  onFlushed: ((mark: Mark) => void) | undefined
  /** Direct readers, for the hub to end them. */
  readonly readers: Set<Reader> = new Set()
  readonly #log: EventLog
  readonly #deserialize: (text: string) => unknown
  readonly #index = new TopicIndex<Audience>()
  readonly #audiences = new Map<Choice | string, Audience>()
  readonly #cursors = new Set<Cursor>()
  /** Cursors that wait for the log to be there. */
  readonly #waiting = new Set<Cursor>()
  /** Cursors that are ahead of the log, with the time to give up. */
  readonly #ahead = new Map<Cursor, number>()
  /** The nearest of their positions: before the log has reached it there is no need to ask them. */
  #nearestAhead: string | undefined
  /** Audiences that keep what they read last, the oldest first. */
  readonly #keepers = new Set<Audience>()
  #dirty: Audience[] = []
  #flushed: Mark = { seq: 0, position: '' }
  #unflushedBytes = 0
  #isFlushScheduled = false
  #isFlushing = false
  #isReady = false
  #isEnded = false
  /** The newest frame at the last sweep. */
  #sweptSeq = 0
  #bytesSinceSweep = 0
  #checkpoint: { readonly mark: Mark; readonly chunk: Chunk } | undefined
  #breath: Promise<void> | undefined

  constructor({ log, bounds, heartbeat, checkpoints, deserialize, onError }: FanOutOptions) {
    this.#log = log
    this.ring = new Ring(log, bounds)
    this.heartbeat = heartbeat
    this.checkpoints = checkpoints
    this.#deserialize = deserialize
    this.onError = onError
  }

  /** The newest place that has been flushed. */
  get flushed(): Mark {
    return this.#flushed
  }

  /** Whether the log is there and its tail has been read: before, cursors wait. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Whether nothing more will come: direct readers end when they have read what there is. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Set while a turn has published so much that publishers should let the network have its chance. */
  get breath(): Promise<void> | undefined {
    return this.#breath
  }

  /** Takes a record from the log. Encoded once, however many clients there are. */
  append(record: LogRecord): void {
    const now = this.#now()
    const frame = this.ring.append(record, now)
    this.#unflushedBytes += frame.length
    this.#bytesSinceSweep += frame.length
    this.#index.forEach(frame.topic, (audience) => audience.schedule(frame))
    if (this.#mustFlush) this.#flushNow()
    else this.#flushLater()
    this.ring.evict(this.#flushed.seq, now)
  }

  /** Notes a position that holds nothing for clients. */
  pass(position: string): void {
    this.ring.pass(position)
    this.#flushLater()
  }

  /** The log is there, and its tail has been read. */
  becomeReady(): void {
    this.flush()
    this.#isReady = true
    this.#proceed()
    this.#wakeReaders()
  }

  /** The log is away: those who come now wait. */
  becomeUnready(): void {
    this.#isReady = false
  }

  /** Nothing more will come after what there is. */
  end(): void {
    this.flush()
    this.#isEnded = true
    this.#wakeReaders()
  }

  /** History was lost: begins anew and tells every client. */
  restart(reason: GapReason, epoch: string, floor: string): void {
    this.flush()
    this.#isReady = false
    for (const cursor of this.#cursors) cursor.lose(reason)
    this.#nearestAhead = undefined
    for (const cursor of this.#ahead.keys()) this.#waiting.add(cursor)
    this.#ahead.clear()
    this.ring.restart(epoch, floor)
    this.#flushed = this.ring.head
    this.#wakeReaders()
  }

  /** Writes to every audience what waits for it. */
  flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      do this.#flushOnce()
      while (this.#mustFlush)
    } finally {
      this.#isFlushing = false
    }
  }

  /** The audience of a selection, which is to be released after. */
  acquire(selection: Selection, choice: Choice): Audience {
    const key = choice.filter === undefined && choice.until === undefined ? selection.key : choice
    let audience = this.#audiences.get(key)
    if (audience === undefined) {
      audience = new Audience(this, key, selection, choice)
      this.#audiences.set(key, audience)
      for (const topic of selection.topics) this.#index.add(topic, audience)
    }
    audience.users++
    return audience
  }

  release(audience: Audience): void {
    if (--audience.users > 0) return
    this.#audiences.delete(audience.key)
    this.#keepers.delete(audience)
    for (const topic of audience.selection.topics) this.#index.delete(topic, audience)
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor)
  }

  delete(cursor: Cursor): void {
    this.#cursors.delete(cursor)
    this.#waiting.delete(cursor)
    this.#ahead.delete(cursor)
  }

  /** Lets a cursor wait for the log. */
  wait(cursor: Cursor): void {
    this.#waiting.add(cursor)
  }

  /** Lets a cursor wait for the log to reach its position, or a new epoch, but not for ever. */
  waitUntilReached(cursor: Cursor, position: string | undefined, deadline: number): void {
    this.#ahead.set(cursor, deadline)
    if (position === undefined) return
    if (this.#nearestAhead === undefined || this.#log.compare(position, this.#nearestAhead) < 0) {
      this.#nearestAhead = position
    }
  }

  /** Evicts what is too old by now. */
  evict(): void {
    this.ring.evict(this.#flushed.seq, this.#now())
  }

  /** A tick of the heartbeat: gives up on those who have waited too long, and evicts what is too old. */
  tick(now: number): void {
    this.evict()
    // While the log is away they wait for it, like everyone who comes then.
    if (this.#ahead.size === 0 || !this.#isReady) return
    // What the log has reached by now counts, flushed or not.
    this.flush()
    for (const [cursor, deadline] of this.#ahead) {
      if (now < deadline) continue
      this.#ahead.delete(cursor)
      cursor.giveUp()
    }
  }

  /** Where the cursor is that a client brought. Costs the same for every id. */
  locate(id: string): Place {
    this.evict()
    const { epoch, position } = parseId(id) ?? {}
    if (epoch === undefined || position === undefined) return { kind: 'lost', reason: 'unknown-id', from: null }
    if (epoch !== this.ring.epoch) {
      const isLater = this.#log.isLaterEpoch?.(epoch, this.ring.epoch) === true
      return isLater ? { kind: 'ahead', position: undefined } : { kind: 'lost', reason: 'epoch', from: id }
    }
    if (!this.#log.isPosition(position)) return { kind: 'lost', reason: 'unknown-id', from: null }
    if (this.#log.compare(position, this.#flushed.position) > 0) return { kind: 'ahead', position }
    return { kind: 'at', mark: this.ring.markOf(position) }
  }

  /** A frame as the application sees it: its data read back, once, however many ask. */
  eventOf(frame: Frame): HubEvent {
    frame.hubEvent ??= {
      topic: frame.topic,
      event: frame.event,
      data: frame.raw ? frame.data : this.#deserialize(frame.data),
      id: this.ring.idOf(frame.position),
      ...(frame.key !== undefined && { key: frame.key }),
    }
    return frame.hubEvent
  }

  /** An id-only frame with the newest position that everyone who is live has passed. */
  get checkpoint(): Chunk {
    if (this.#checkpoint?.mark !== this.#flushed) {
      const chunk = Chunk.ofText(`id: ${this.ring.idOf(this.#flushed.position)}\n\n`, 0)
      this.#checkpoint = { mark: this.#flushed, chunk }
    }
    return this.#checkpoint.chunk
  }

  /** An audience keeps what it read last, for others with the same cursor; only so many may. */
  keepsRead(audience: Audience): void {
    this.#keepers.add(audience)
    if (this.#keepers.size <= MAX_KEPT_READS) return
    for (const oldest of this.#keepers) {
      this.#keepers.delete(oldest)
      oldest.forget()
      return
    }
  }

  /** An audience has something for the next flush. */
  isDirty(audience: Audience): void {
    this.#dirty.push(audience)
  }

  get #mustFlush(): boolean {
    const { maxEvents, maxBytes } = this.ring.bounds
    const events = this.ring.headSeq - this.#flushed.seq
    return events >= Math.max(1, maxEvents / 8) || this.#unflushedBytes >= Math.min(FLUSH_BYTES, maxBytes / 8)
  }

  #flushNow(): void {
    this.flush()
    if (this.#breath !== undefined) return
    this.#breath = nextTurn().then(() => {
      this.#breath = undefined
    })
  }

  #flushLater(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    afterTurn(() => {
      this.#isFlushScheduled = false
      this.flush()
    })
  }

  /** First everything is joined, then it is written: whoever is called by a write may publish, or leave, as it likes. */
  #flushOnce(): void {
    const before = this.#flushed
    const deliveries = this.#dirty.map((audience) => audience.take())
    this.#dirty = []
    const flushed = this.ring.head
    this.#flushed = flushed
    this.#unflushedBytes = 0
    for (const deliver of deliveries) deliver(before, flushed)
    this.onFlushed?.(flushed)
    this.#sweepWhenDue()
    this.#proceed()
    this.#wakeReaders()
  }

  /**
   * After every eighth of the ring: whoever was sent no id since the sweep before gets one, so that no quiet client's
   * id is older than a quarter of the ring, and lagging clients that the ring has passed are found.
   */
  #sweepWhenDue(): void {
    const { maxEvents, maxBytes } = this.ring.bounds
    if (this.#flushed.seq - this.#sweptSeq < maxEvents / 8 && this.#bytesSinceSweep < maxBytes / 8) return
    const since = this.#sweptSeq
    this.#sweptSeq = this.#flushed.seq
    this.#bytesSinceSweep = 0
    this.evict()
    for (const cursor of this.#cursors) cursor.sweep(since)
  }

  #wakeReaders(): void {
    for (const reader of this.readers) reader.wake()
  }

  /** Lets those go on who waited for the log. */
  #proceed(): void {
    if (!this.#isReady) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    if (this.#nearestAhead !== undefined && this.#log.compare(this.#nearestAhead, this.#flushed.position) <= 0) {
      waiting.push(...this.#ahead.keys())
      this.#ahead.clear()
      this.#nearestAhead = undefined
    }
    for (const cursor of waiting) cursor.proceed()
  }

  /** The clock that frames are dated by, in milliseconds; it is read only where age is a bound. */
  #now(): number {
    return this.ring.bounds.maxAge === Number.POSITIVE_INFINITY ? 0 : performance.now()
  }
}

/** The two parts of an id of ours. */
export function parseId(id: string): { readonly epoch: string; readonly position: string } | undefined {
  const match = id.length <= MAX_ID ? /^([\da-zA-Z-]+)\.([\da-zA-Z-]+)$/.exec(id) : null
  const [, epoch, position] = match ?? []
  return epoch === undefined || position === undefined ? undefined : { epoch, position }
}
