import { Chunk } from '../connection/chunk.ts'
import { encodeEvent, type Serialize } from '../wire/encode.ts'
import type { SseEvent } from '../wire/event.ts'
import type { Batch, Reading } from './audience.ts'
import type { HubEvent, Publication } from './event.ts'
import type { FanOut } from './fan-out.ts'

/** An event of a hub as it is before it is mapped; one of a snapshot has neither topic nor id. */
export interface MappableEvent {
  readonly topic?: string
  readonly event: string
  readonly data: unknown
  readonly id?: string
  readonly key?: string
}

/**
 * What one client gets in place of an event: nothing, the very same object, or others. Asked once for each event and
 * client, in order. An id that is given is not looked at: the last has that of the hub.
 */
export type EventMapping = (event: MappableEvent) => readonly (SseEvent | string)[]

/** The events of a hub as one client is to have them. */
export class MappedEvents {
  readonly #fanOut: FanOut
  readonly #serialize: Serialize
  readonly #map: EventMapping

  constructor(fanOut: FanOut, serialize: Serialize, map: EventMapping) {
    this.#fanOut = fanOut
    this.#serialize = serialize
    this.#map = map
  }

  /** Frames that were read, mapped. Throws what the mapping does. */
  batchOf({ frames, mark, isLast }: Reading, after: number): Batch {
    // Whoever maps may publish, whereupon frames are evicted: all is read before.
    const whole = frames.map((frame) => ({ seq: frame.seq, text: frame.text, event: this.#fanOut.eventOf(frame) }))
    let text = ''
    let events = 0
    let lastSeq = after
    for (const { seq, text: unchanged, event } of whole) {
      const mapped = this.#mapOne(event, unchanged)
      events += mapped.events
      text += mapped.text
      if (mapped.events > 0) lastSeq = seq
    }
    const last = whole.at(-1)
    if (isLast && last !== undefined && lastSeq < last.seq) {
      // A client that has seen the end is to know it, whatever became of the last event.
      text += `id: ${last.event.id}\n\n`
      lastSeq = last.seq
    }
    return { chunk: text === '' ? undefined : Chunk.ofText(text, events), lastSeq, mark, isLast }
  }

  /** The events of a snapshot, mapped. */
  chunksOf(publications: readonly Publication[]): readonly Chunk[] {
    return publications
      .map(({ event = 'message', data }) => this.#mapOne({ event, data }, undefined))
      .filter(({ events }) => events > 0)
      .map(({ text, events }) => Chunk.ofText(text, events))
  }

  /** @param unchanged how it goes on the wire as it is; nothing: it has yet to be encoded. */
  #mapOne(event: HubEvent | MappableEvent, unchanged: string | undefined): { text: string; events: number } {
    // The event itself is everybody's.
    const given: MappableEvent = { ...event }
    const mapped = this.#map(given)
    const texts = mapped.map((one, index) => {
      const isLast = index === mapped.length - 1
      const isUnchanged = one === given && given.event === event.event && given.data === event.data
      return isUnchanged && isLast && unchanged !== undefined
        ? unchanged
        : this.#encode(one, isLast ? event.id : undefined)
    })
    return { text: texts.join(''), events: texts.length }
  }

  #encode(event: SseEvent | string, id: string | undefined): string {
    const whole = typeof event === 'string' ? { data: event } : event
    // What an interceptor makes of an event may be nothing at all: the encoder says so.
    if (typeof whole !== 'object' || whole === null) return encodeEvent(whole, this.#serialize)
    const { event: name, ...fields } = whole
    const named = name === undefined || name === 'message' ? fields : { ...fields, event: name }
    return encodeEvent({ ...named, id }, this.#serialize)
  }
}
