import { Chunk } from '../connection/chunk.ts'
import { exceedsBytes } from '../wire/byte-limit.ts'
import { dataLines } from '../wire/encode.ts'
import type { HubEvent } from './event.ts'
import type { LogRecord } from './log.ts'

/** Frames are encoded into slabs of this size, which are used again when their frames have been evicted. */
const SLAB_BYTES = 256 * 1024
/** A frame longer than this gets bytes of its own. */
const MAX_SLAB_FRAME_BYTES = 64 * 1024
/** How many slabs wait to be used again. */
const MAX_SPARE_SLABS = 2

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

interface Slab {
  readonly bytes: Uint8Array
  used: number
  /** How many frames in it have not been released. */
  frames: number
}

/** One event as encoded bytes with its id: made once per process, shared by all clients. */
export class Frame {
  /** Its number in this process: one more than the frame before. */
  readonly seq: number
  readonly position: string
  readonly topic: string
  readonly event: string
  readonly key: string | undefined
  /** Whether `data` was a string, not something serialized. */
  readonly raw: boolean
  /** When it was appended, by the ring's clock, in milliseconds. */
  readonly at: number
  readonly length: number
  /** The next frame of the same topic, event and key. */
  newer: Frame | undefined
  /** As the application sees it, once somebody has asked. */
  hubEvent: HubEvent | undefined
  #slab: Slab | undefined
  readonly #offset: number
  /** The data, where the frame does not give it back as it was: a CR becomes an LF on the wire. */
  readonly #exactData: string | undefined

  constructor(seq: number, at: number, record: LogRecord, place: { slab: Slab; offset: number; length: number }) {
    this.seq = seq
    this.at = at
    this.position = record.position
    this.topic = record.topic
    this.event = record.event
    this.key = record.key
    this.raw = record.raw
    this.length = place.length
    this.#slab = place.slab
    this.#offset = place.offset
    this.#exactData = record.data.includes('\r') ? record.data : undefined
  }

  copyTo(target: Uint8Array, offset: number): void {
    target.set(this.#bytes, offset)
  }

  /** The whole frame, as it goes on the wire. */
  get text(): string {
    return decoder.decode(this.#bytes)
  }

  /** The text of the event's `data`. */
  get data(): string {
    if (this.#exactData !== undefined) return this.#exactData
    const text = decoder.decode(this.#bytes)
    const start = nameLine(this.event).length
    const end = text.lastIndexOf('id: ')
    return text.slice(start + 'data: '.length, end - 1).replaceAll('\ndata: ', '\n')
  }

  /** Gives its bytes back; nobody may read it after. Answers the slab if that is empty now. */
  release(): Slab | undefined {
    const slab = this.#slab
    this.#slab = undefined
    this.newer = undefined
    this.hubEvent = undefined
    if (slab === undefined || --slab.frames > 0) return undefined
    return slab
  }

  get #bytes(): Uint8Array {
    if (this.#slab === undefined) throw new Error(`Frame ${this.seq} was read after its eviction.`)
    return this.#slab.bytes.subarray(this.#offset, this.#offset + this.length)
  }
}

/** Encodes frames, and owns the memory they are in. */
export class FrameStore {
  #slab: Slab | undefined
  readonly #spare: Slab[] = []

  encode(seq: number, at: number, record: LogRecord, id: string): Frame {
    const text = `${nameLine(record.event)}${dataLines(record.data)}id: ${id}\n\n`
    if (exceedsBytes(text, MAX_SLAB_FRAME_BYTES)) return this.#encodeAlone(seq, at, record, text)
    return (
      this.#encodeInto(this.#slab, seq, at, record, text) ??
      this.#encodeInto(this.#nextSlab(), seq, at, record, text) ??
      this.#encodeAlone(seq, at, record, text)
    )
  }

  release(frame: Frame): void {
    const slab = frame.release()
    if (slab === undefined || slab === this.#slab) return
    if (slab.bytes.length !== SLAB_BYTES || this.#spare.length >= MAX_SPARE_SLABS) return
    slab.used = 0
    this.#spare.push(slab)
  }

  #encodeInto(slab: Slab | undefined, seq: number, at: number, record: LogRecord, text: string): Frame | undefined {
    if (slab === undefined) return undefined
    const offset = slab.used
    const { read, written } = encoder.encodeInto(text, slab.bytes.subarray(offset))
    if (read < text.length) return undefined
    slab.used += written
    slab.frames++
    return new Frame(seq, at, record, { slab, offset, length: written })
  }

  #encodeAlone(seq: number, at: number, record: LogRecord, text: string): Frame {
    const bytes = encoder.encode(text)
    const slab = { bytes, used: bytes.length, frames: 1 }
    return new Frame(seq, at, record, { slab, offset: 0, length: bytes.length })
  }

  #nextSlab(): Slab {
    const full = this.#slab
    this.#slab = this.#spare.pop() ?? { bytes: new Uint8Array(SLAB_BYTES), used: 0, frames: 0 }
    // All of its frames were released while it was in use.
    if (full?.frames === 0 && this.#spare.length < MAX_SPARE_SLABS) {
      full.used = 0
      this.#spare.push(full)
    }
    return this.#slab
  }
}

/** Joins frames into one chunk. */
export function joinFrames(frames: readonly Frame[]): Chunk {
  let length = 0
  for (const frame of frames) length += frame.length
  return Chunk.ofBytes(length, frames.length, (target) => {
    let offset = 0
    for (const frame of frames) {
      frame.copyTo(target, offset)
      offset += frame.length
    }
  })
}

/** Clients call an event `message` when nothing else is said. */
function nameLine(event: string): string {
  return event === 'message' ? '' : `event: ${event}\n`
}
