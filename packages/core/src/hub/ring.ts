import { Deque } from './deque.ts'
import { type Frame, FrameStore } from './frame.ts'
import type { EventLog, LogRecord } from './log.ts'
import type { Selection } from './selection.ts'

/** For so many topics the newest evicted position is known; all others share one. */
const MAX_EVICTED_TOPICS = 10_000

/** A place in the ring: everything up to it has been passed. */
export interface Mark {
  /** Of the newest frame passed. */
  readonly seq: number
  /** The log's position, which may be newer than that frame, but is before the next. */
  readonly position: string
}

/** The bounds of a ring. */
export interface RingBounds {
  readonly maxEvents: number
  readonly maxBytes: number
  /** In milliseconds. */
  readonly maxAge: number
}

/**
 * This process's copy of the log's tail, in memory, bounded in events, bytes and age.
 *
 * Frames have numbers of this process, `seq`, one after the other, since most of what is asked of a ring is order. What
 * clients know are the log's positions.
 */
export class Ring {
  readonly bounds: RingBounds
  #epoch = ''
  #seq = 0
  #head = ''
  #bytes = 0
  /** The newest position that is no longer in the ring, of any topic. */
  #start = ''
  /** The same of those topics that are not in `#evicted`. */
  #rest = ''
  #evictions = 0
  #frames = new Deque<Frame>()
  readonly #byTopic = new Map<string, Deque<Frame>>()
  readonly #newestByKey = new Map<string, Frame>()
  /** By topic, the one evicted longest ago first. */
  readonly #evicted = new Map<string, string>()
  #store = new FrameStore()
  /** Visits under way. Whom they ask may publish; what they have not seen yet must not be evicted under them. */
  #visits = 0
  readonly #evictedOf = new WeakMap<Selection, { readonly evictions: number; readonly position: string }>()
  readonly #log: EventLog

  constructor(log: EventLog, bounds: RingBounds) {
    this.#log = log
    this.bounds = bounds
  }

  get epoch(): string {
    return this.#epoch
  }

  /** The `seq` of the newest frame. */
  get headSeq(): number {
    return this.#seq
  }

  /** The newest place. */
  get head(): Mark {
    return { seq: this.#seq, position: this.#head }
  }

  /** The `seq` of the newest frame that was evicted. */
  get startSeq(): number {
    return this.#seq - this.#frames.length
  }

  /** The place after which the ring holds everything. */
  get start(): Mark {
    return { seq: this.startSeq, position: this.#start }
  }

  get events(): number {
    return this.#frames.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The id of a position: what goes on the wire. Empty before the log is known. */
  idOf(position: string): string {
    return this.#epoch === '' ? '' : `${this.#epoch}.${position}`
  }

  /** Begins anew, with a log of which nothing before `floor` is known. `seq` goes on, so that no cursor is ahead. */
  restart(epoch: string, floor: string): void {
    this.#epoch = epoch
    this.#start = floor
    this.#rest = floor
    this.#head = floor
    this.#bytes = 0
    this.#frames = new Deque()
    this.#byTopic.clear()
    this.#newestByKey.clear()
    this.#evicted.clear()
    this.#evictions++
    this.#store = new FrameStore()
  }

  /** Adds a record of the log as its newest frame. */
  append(record: LogRecord, now: number): Frame {
    const frame = this.#store.encode(this.#seq + 1, now, record, this.idOf(record.position))
    this.#seq++
    this.#head = record.position
    this.#bytes += frame.length
    this.#frames.push(frame)
    const sameTopic = this.#byTopic.get(frame.topic)
    if (sameTopic !== undefined) sameTopic.push(frame)
    else {
      const first = new Deque<Frame>()
      first.push(frame)
      this.#byTopic.set(frame.topic, first)
    }
    const key = conflationKey(frame)
    if (key !== undefined) {
      const older = this.#newestByKey.get(key)
      if (older !== undefined) older.newer = frame
      this.#newestByKey.set(key, frame)
    }
    return frame
  }

  /** Notes a position of the log that holds nothing for clients. */
  pass(position: string): void {
    this.#head = position
  }

  /** Evicts what is beyond the bounds, but nothing newer than `upTo`, and nothing at all while frames are visited. */
  evict(upTo: number, now: number): void {
    if (this.#visits > 0) return
    const { maxEvents, maxBytes, maxAge } = this.bounds
    for (let oldest = this.#frames.at(0); oldest !== undefined && oldest.seq <= upTo; oldest = this.#frames.at(0)) {
      const isWithin = this.#frames.length <= maxEvents && this.#bytes <= maxBytes && now - oldest.at <= maxAge
      if (isWithin) return
      this.#evictOldest(oldest)
    }
  }

  /** The frame with this `seq`, if the ring has it. */
  frame(seq: number): Frame | undefined {
    return this.#frames.at(seq - this.startSeq - 1)
  }

  /** The place of a position, which need not be a frame's. */
  markOf(position: string): Mark {
    const passed = this.#frames.search((frame) => this.#log.compare(frame.position, position) <= 0)
    return { seq: this.startSeq + passed, position }
  }

  /** The place just before a frame. */
  markBefore({ seq }: Frame): Mark {
    const previous = this.frame(seq - 1)
    return previous === undefined ? this.start : { seq: previous.seq, position: previous.position }
  }

  /** Whether it can be proved that nothing of these topics after a place is missing. */
  isComplete(selection: Selection, { seq, position }: Mark): boolean {
    if (seq > this.startSeq || this.#log.compare(position, this.#start) >= 0) return true
    if (this.#log.compare(position, this.#rest) < 0) return false
    return this.#log.compare(position, this.#newestEvicted(selection)) >= 0
  }

  /** Visits the frames of these topics after `after` up to `upTo`, in order, until `visit` answers false. */
  visit(selection: Selection, after: number, upTo: number, visit: (frame: Frame) => boolean): void {
    this.#visits++
    try {
      const lists = selection.exact?.flatMap((topic) => this.#byTopic.get(topic) ?? [])
      if (lists === undefined || lists.length > 1) this.#scan(selection, after, upTo, visit)
      else if (lists[0] !== undefined) scanTopic(lists[0], after, upTo, visit)
    } finally {
      this.#visits--
    }
  }

  /** The same backwards, from `upTo`. */
  visitBack(selection: Selection, upTo: number, visit: (frame: Frame) => boolean): void {
    this.#visits++
    try {
      for (let seq = upTo; seq > this.startSeq; seq--) {
        const frame = this.frame(seq)
        if (frame === undefined) return
        if (selection.matches(frame.topic) && !visit(frame)) return
      }
    } finally {
      this.#visits--
    }
  }

  #scan(selection: Selection, after: number, upTo: number, visit: (frame: Frame) => boolean): void {
    for (let seq = Math.max(after, this.startSeq) + 1; seq <= upTo; seq++) {
      const frame = this.frame(seq)
      if (frame === undefined) return
      if (selection.matches(frame.topic) && !visit(frame)) return
    }
  }

  #evictOldest(frame: Frame): void {
    this.#frames.shift()
    this.#bytes -= frame.length
    this.#start = frame.position
    this.#evictions++
    const sameTopic = this.#byTopic.get(frame.topic)
    sameTopic?.shift()
    if (sameTopic?.length === 0) this.#byTopic.delete(frame.topic)
    const key = conflationKey(frame)
    if (key !== undefined && this.#newestByKey.get(key) === frame) this.#newestByKey.delete(key)
    this.#noteEvicted(frame)
    this.#store.release(frame)
  }

  #noteEvicted({ topic, position }: Frame): void {
    this.#evicted.delete(topic)
    this.#evicted.set(topic, position)
    if (this.#evicted.size <= MAX_EVICTED_TOPICS) return
    for (const [oldest, at] of this.#evicted) {
      this.#evicted.delete(oldest)
      this.#rest = at
      return
    }
  }

  #newestEvicted(selection: Selection): string {
    const known = this.#evictedOf.get(selection)
    if (known?.evictions === this.#evictions) return known.position
    let newest = this.#rest
    const note = (position: string | undefined): void => {
      if (position !== undefined && this.#log.compare(position, newest) > 0) newest = position
    }
    if (selection.exact !== undefined) for (const topic of selection.exact) note(this.#evicted.get(topic))
    else for (const [topic, position] of this.#evicted) if (selection.matches(topic)) note(position)
    this.#evictedOf.set(selection, { evictions: this.#evictions, position: newest })
    return newest
  }
}

function scanTopic(frames: Deque<Frame>, after: number, upTo: number, visit: (frame: Frame) => boolean): void {
  for (let i = frames.search((frame) => frame.seq <= after); i < frames.length; i++) {
    const frame = frames.at(i)
    if (frame === undefined || frame.seq > upTo || !visit(frame)) return
  }
}

/** Frames with the same one replace each other; without a key there is none. */
function conflationKey({ topic, event, key }: Frame): string | undefined {
  return key === undefined ? undefined : `${topic}\n${event}\n${key}`
}
