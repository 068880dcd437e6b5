import type { Chunk } from '../connection/chunk.ts'
import type { Cursor } from './cursor.ts'
import type { FanOut } from './fan-out.ts'
import { type Frame, joinFrames } from './frame.ts'
import type { Mark } from './ring.ts'
import type { Selection } from './selection.ts'
import type { Choice } from './subscription.ts'

/** About so many bytes are read from the ring for one write to a client that catches up. */
const READ_BYTES = 16 * 1024
/** What is longer, since one event is, is read anew by each client rather than kept for others. */
const MAX_KEPT_BYTES = 64 * 1024
const NOBODY: readonly Cursor[] = []

/** What a read of the ring gave. */
export interface Reading {
  readonly frames: readonly Frame[]
  /** Where it ended: everything up to here has been read. */
  readonly mark: Mark
  /** The stream ends here: one of the frames is the last. */
  readonly isLast: boolean
}

/** The same, as it goes to clients. */
export interface Batch {
  /** The frames, joined; `undefined` if there are none. */
  readonly chunk: Chunk | undefined
  /** Of the newest frame in it. */
  readonly lastSeq: number
  readonly mark: Mark
  readonly isLast: boolean
}

/** What a flush has for the live cursors of one audience. */
export interface Delivery {
  readonly chunk: Chunk
  /** Of the newest frame in it. */
  readonly lastSeq: number
  /** The place of who has everything that was flushed before. */
  readonly before: Mark
  /** The place of who has this, too. */
  readonly upTo: Mark
}

/** The connections that chose the same topics: frames are joined once for all of them. */
export class Audience {
  /** By what the fan-out finds it. */
  readonly key: Choice | string
  readonly selection: Selection
  readonly choice: Choice
  /** How many cursors and readers have acquired it. */
  users = 0
  /** What the application was asked last: where it threw, that is what did. */
  asked: 'filter' | 'until' | 'map' = 'filter'
  readonly #fanOut: FanOut
  readonly #live: Cursor[] = []
  #pending: Frame[] = []
  #endsAt: Mark | undefined
  #failure: { readonly error: unknown; readonly stage: string } | undefined
  #lastRead: (Batch & { readonly after: number; readonly upTo: Mark; readonly conflate: boolean }) | undefined

  constructor(fanOut: FanOut, key: Choice | string, selection: Selection, choice: Choice) {
    this.#fanOut = fanOut
    this.key = key
    this.selection = selection
    this.choice = choice
    this.#takeOver()
  }

  /** Takes a frame of one of its topics for the next flush. */
  schedule(frame: Frame): void {
    // Two of its patterns match, or it has seen its last frame already.
    if (this.#pending.at(-1) === frame || this.#endsAt !== undefined || this.#failure !== undefined) return
    try {
      if (!this.accepts(frame)) return
      const isLast = this.ends(frame)
      // Whoever was asked may have published so much that the frame has been flushed meanwhile.
      if (frame.seq <= this.#fanOut.flushed.seq) return
      if (this.#pending.length === 0) this.#fanOut.isDirty(this)
      this.#pending.push(frame)
      if (isLast) this.#endsAt = frame
    } catch (error) {
      this.#failure = { error, stage: this.asked }
      this.#fanOut.isDirty(this)
    }
  }

  /** Whether the filter lets a frame through. */
  accepts(frame: Frame): boolean {
    const { filter } = this.choice
    if (filter === undefined) return true
    this.asked = 'filter'
    return filter(this.#fanOut.eventOf(frame))
  }

  /** Whether a frame is the last of the stream. */
  ends(frame: Frame): boolean {
    const { until } = this.choice
    if (until === undefined) return false
    this.asked = 'until'
    return until(this.#fanOut.eventOf(frame))
  }

  /** Takes what waits, joined once; the delivery is a function, so that all audiences join before anyone writes. */
  take(): (before: Mark, flushed: Mark) => void {
    const frames = this.#pending
    const lastSeq = frames.at(-1)?.seq ?? 0
    const endsAt = this.#endsAt
    const failure = this.#failure
    const chunk = frames.length === 0 || this.#live.length === 0 ? undefined : joinFrames(frames)
    this.#pending = []
    this.#endsAt = undefined
    this.#failure = undefined
    return (before, flushed) => {
      const live = endsAt === undefined && failure === undefined ? NOBODY : this.#live.slice()
      if (chunk !== undefined) this.#deliver({ chunk, lastSeq, before, upTo: endsAt ?? flushed })
      if (endsAt !== undefined) for (const cursor of live) cursor.endAt(endsAt)
      // Who is not live comes to the frame by itself.
      if (failure === undefined || live.length === 0) return
      this.#fanOut.onError(failure.error, { stage: failure.stage })
      for (const cursor of live) cursor.connection.close('error')
    }
  }

  /** Reads the ring after a cursor; clients with the same cursor share what was read last. */
  read(after: number, upTo: Mark, conflate: boolean): Batch {
    const last = this.#lastRead
    if (last?.after === after && last.upTo === upTo && last.conflate === conflate) return last
    const { frames, mark, isLast } = this.readFrames(after, upTo, conflate)
    const chunk = frames.length === 0 ? undefined : joinFrames(frames)
    const read = { chunk, lastSeq: frames.at(-1)?.seq ?? after, mark, isLast, after, upTo, conflate }
    if (chunk !== undefined && chunk.bytes.length > MAX_KEPT_BYTES) return read
    this.#lastRead = read
    this.#fanOut.keepsRead(this)
    return read
  }

  /** Reads the ring after a cursor, about 16 KiB at a time. */
  readFrames(after: number, upTo: Mark, conflate: boolean): Reading {
    const frames: Frame[] = []
    let bytes = 0
    let mark = upTo
    let isLast = false
    const end = conflate ? this.#endBetween(after, upTo.seq) : upTo.seq
    this.#fanOut.ring.visit(this.selection, after, upTo.seq, (frame) => {
      if (!this.accepts(frame)) return true
      isLast = this.ends(frame)
      if (conflate && !isLast && this.#isReplaced(frame, end)) return true
      frames.push(frame)
      bytes += frame.length
      if (!isLast && bytes < READ_BYTES) return true
      mark = { seq: frame.seq, position: frame.position }
      return false
    })
    return { frames, mark, isLast }
  }

  /** The place before the newest `count` events, or before all there are. */
  markBeforeNewest(count: number, upTo: Mark): Mark {
    const { ring } = this.#fanOut
    let left = count
    let mark = ring.start
    if (count === 0) return upTo
    ring.visitBack(this.selection, upTo.seq, (frame) => {
      if (!this.accepts(frame)) return true
      if (--left > 0) return true
      mark = ring.markBefore(frame)
      return false
    })
    return mark
  }

  /** Whether one of the events up to a place, as far as the ring still has them, was the last of the stream. */
  hasEndedBy({ seq }: Mark): boolean {
    if (this.choice.until === undefined) return false
    let hasEnded = false
    this.#fanOut.ring.visit(this.selection, 0, seq, (frame) => {
      hasEnded = this.accepts(frame) && this.ends(frame)
      return !hasEnded
    })
    return hasEnded
  }

  /** Forgets what was read last: the clients that could share it have read it. */
  forget(): void {
    this.#lastRead = undefined
  }

  /** From now on the cursor gets what is flushed. */
  join(cursor: Cursor): void {
    cursor.index = this.#live.length
    this.#live.push(cursor)
  }

  leave(cursor: Cursor): void {
    const { index } = cursor
    if (index < 0) return
    cursor.index = -1
    const last = this.#live.pop()
    if (last !== undefined && last !== cursor) {
      last.index = index
      this.#live[index] = last
    }
  }

  /** From the end, since a client that leaves puts the last one in its place; one that moved has its cursor there. */
  #deliver(delivery: Delivery): void {
    for (let i = this.#live.length - 1; i >= 0; i--) this.#live[i]?.deliver(delivery)
  }

  /** Of the last frame of the stream, if there is one up to a place; what comes after it replaces nothing. */
  #endBetween(after: number, upTo: number): number {
    let end = upTo
    if (this.choice.until === undefined) return end
    this.#fanOut.ring.visit(this.selection, after, upTo, (frame) => {
      if (!this.accepts(frame) || !this.ends(frame)) return true
      end = frame.seq
      return false
    })
    return end
  }

  /** Made in mid-turn: what this turn has published so far, also while the filter is asked, is its own to deliver. */
  #takeOver(): void {
    const { ring, flushed } = this.#fanOut
    for (let taken = flushed.seq; taken < ring.headSeq; ) {
      const upTo = ring.headSeq
      ring.visit(this.selection, taken, upTo, (frame) => {
        this.schedule(frame)
        return true
      })
      taken = upTo
    }
  }

  /** Whether a newer frame of the same topic, event and key takes its place for these clients. */
  #isReplaced(frame: Frame, upTo: number): boolean {
    for (let newer = frame.newer; newer !== undefined && newer.seq <= upTo; newer = newer.newer) {
      if (this.accepts(newer)) return true
    }
    return false
  }
}
