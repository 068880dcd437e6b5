import { Chunk } from '../connection/chunk.ts'
import { encodeEvent, type Serialize } from '../wire/encode.ts'
import { assertEventName } from './entry.ts'
import type { Publication } from './event.ts'
import type { FanOut, GapReason } from './fan-out.ts'
import type { Mark } from './ring.ts'

/** About so many characters of a snapshot are one write. */
const CHUNK_LENGTH = 16 * 1024

/** What a snapshot is taken for. */
export interface SnapshotContext {
  /** Whether the client is new, or why it cannot go on from where it was. */
  readonly reason: 'fresh' | GapReason
  /** Aborted when every client that waits for the snapshot has gone. */
  readonly signal: AbortSignal
}

/** Gives the state that events change, as events: it begins after the place of the stream was taken. */
export type SnapshotFunction = (context: SnapshotContext) => Iterable<Publication> | Promise<Iterable<Publication>>

/** A snapshot on its way, with the place of the stream at which it began. */
export interface SnapshotCall {
  readonly mark: Mark
  readonly chunks: Promise<readonly Chunk[]>
  /** What is in them, once they are there. */
  readonly publications: readonly Publication[]
  /** One client no longer waits for it. */
  leave(): void
}

/** The snapshots of one subscription: a call in flight is shared by all its clients that need one for the same reason. */
export class Snapshots {
  readonly #fanOut: FanOut
  readonly #snapshot: SnapshotFunction
  readonly #serialize: Serialize
  readonly #inFlight = new Map<
    'fresh' | GapReason,
    { readonly call: SnapshotCall; readonly epoch: string; join(): void }
  >()

  constructor(fanOut: FanOut, snapshot: SnapshotFunction, serialize: Serialize) {
    this.#fanOut = fanOut
    this.#snapshot = snapshot
    this.#serialize = serialize
  }

  /** Waits for a snapshot; each call has one `leave()` to come. */
  join(reason: 'fresh' | GapReason): SnapshotCall {
    const { ring } = this.#fanOut
    const known = this.#inFlight.get(reason)
    if (known !== undefined && known.epoch === ring.epoch && known.call.mark.seq >= ring.startSeq) {
      known.join()
      return known.call
    }
    return this.#begin(reason)
  }

  #begin(reason: 'fresh' | GapReason): SnapshotCall {
    const abort = new AbortController()
    let waiting = 1
    let isTaken = false
    const publications: Publication[] = []
    const call: SnapshotCall = {
      mark: this.#fanOut.flushed,
      chunks: this.#take({ reason, signal: abort.signal }, publications),
      publications,
      leave: () => {
        if (--waiting > 0 || isTaken) return
        abort.abort()
        done()
      },
    }
    const done = (): void => {
      isTaken = true
      if (this.#inFlight.get(reason)?.call === call) this.#inFlight.delete(reason)
    }
    this.#inFlight.set(reason, { call, epoch: this.#fanOut.ring.epoch, join: () => waiting++ })
    call.chunks.then(done, done)
    return call
  }

  async #take(context: SnapshotContext, publications: Publication[]): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = []
    let text = ''
    let events = 0
    for (const publication of await this.#snapshot(context)) {
      const { event = 'message', data } = publication
      assertEventName(event)
      text += encodeEvent(event === 'message' ? { data } : { event, data }, this.#serialize)
      publications.push(publication)
      events++
      if (text.length < CHUNK_LENGTH) continue
      chunks.push(Chunk.ofText(text, events))
      text = ''
      events = 0
    }
    if (text !== '') chunks.push(Chunk.ofText(text, events))
    return chunks
  }
}
