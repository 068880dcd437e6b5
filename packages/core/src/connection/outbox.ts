import { Chunk } from './chunk.ts'
import { afterTurn } from './turn.ts'

/** A batch that is this long leaves before its turn ends. */
const BATCH_LENGTH = 16 * 1024
/** So much may be pushed in one turn; then the network gets its chance. */
const TURN_LENGTH = 256 * 1024

/** Whom an outbox writes to. */
export interface OutboxTarget {
  /** Open, and its sink has room. */
  readonly isWritable: boolean
  write(chunk: Chunk): void
  /** More waits than may. */
  overflowed(): void
}

type Settle = (taken: boolean) => void

interface Batch {
  readonly chunk: Chunk
  readonly settle: readonly Settle[]
}

/**
 * What the application itself sends to one client, in order. The events of a turn leave in one write. What the sink
 * has no room for waits here, bounded by `maxBufferedBytes`; a single event may be larger than that.
 */
export class Outbox {
  readonly #target: OutboxTarget
  readonly #maxBufferedBytes: number
  #text = ''
  #events = 0
  #settle: Settle[] = []
  readonly #queue: Batch[] = []
  #queuedBytes = 0
  #turnLength = 0
  #isTurnScheduled = false
  #waiting: (() => void) | undefined

  constructor(target: OutboxTarget, maxBufferedBytes: number) {
    this.#target = target
    this.#maxBufferedBytes = maxBufferedBytes
  }

  /** Bytes that wait for the sink. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#text.length
  }

  /**
   * Adds a frame. False: await `room()` before the next.
   *
   * @param settle is told whether the sink took the frame or the stream closed before.
   */
  push(frame: string, settle?: Settle): boolean {
    this.#text += frame
    this.#events++
    if (settle !== undefined) this.#settle.push(settle)
    this.#turnLength += frame.length
    if (this.#text.length >= BATCH_LENGTH) this.#seal()
    if (!this.#isTurnScheduled) {
      this.#isTurnScheduled = true
      afterTurn(() => this.#turnEnded())
    }
    return this.#hasRoom
  }

  /** Resolves when the next frame may be pushed, or when the outbox was closed. */
  room(): Promise<void> {
    return this.#hasRoom ? Promise.resolve() : new Promise((resolve) => (this.#waiting = resolve))
  }

  /** Writes what waits, that of this turn included, for as long as the sink has room. */
  drain(): void {
    this.#seal()
    while (this.#target.isWritable && this.#writeNext());
    this.#release()
  }

  /** Hands everything over, room or not: the stream ends after it. */
  finish(): void {
    this.#seal()
    while (this.#writeNext());
    this.close()
  }

  /** Drops what waits: the stream is gone. */
  close(): void {
    for (const { settle } of this.#queue.splice(0)) for (const one of settle) one(false)
    for (const one of this.#settle.splice(0)) one(false)
    this.#text = ''
    this.#queuedBytes = 0
    this.#turnLength = 0
    this.#waiting?.()
    this.#waiting = undefined
  }

  get #hasRoom(): boolean {
    return this.#queue.length === 0 && this.#target.isWritable && this.#turnLength < TURN_LENGTH
  }

  #seal(): void {
    if (this.#text === '') return
    const chunk = Chunk.ofText(this.#text, this.#events)
    this.#queue.push({ chunk, settle: this.#settle })
    this.#queuedBytes += chunk.bytes.length
    this.#text = ''
    this.#events = 0
    this.#settle = []
    while (this.#target.isWritable && this.#writeNext());
    if (this.#queue.length > 1 && this.#queuedBytes > this.#maxBufferedBytes) this.#target.overflowed()
  }

  /** Takes the batch out before it is written: a write that fails ends the stream, which comes back here. */
  #writeNext(): boolean {
    const batch = this.#queue.shift()
    if (batch === undefined) return false
    const { chunk, settle } = batch
    this.#queuedBytes -= chunk.bytes.length
    this.#target.write(chunk)
    for (const one of settle) one(true)
    return true
  }

  #turnEnded(): void {
    this.#isTurnScheduled = false
    this.#turnLength = 0
    this.#seal()
    this.#release()
  }

  #release(): void {
    if (this.#waiting === undefined || !this.#hasRoom) return
    const resolve = this.#waiting
    this.#waiting = undefined
    resolve()
  }
}
