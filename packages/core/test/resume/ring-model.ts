import type { Entry, Epoch, Place } from './history.ts'
import type { Interest } from './interest.ts'

const encoder = new TextEncoder()

/** The bounds of a ring. */
export interface Bounds {
  readonly maxEvents: number
  readonly maxBytes: number
}

/**
 * What a hub's ring must hold, by its bounds alone: the newest events that are within them. A ring may hold more for
 * a moment, while events wait to be flushed, but never less: what is evicted here may be evicted there, and once
 * everything was flushed it is.
 */
export class RingModel {
  readonly bounds: Bounds
  /** How often it began anew. */
  restarts = 0
  #epoch: Epoch | undefined
  #head = 0
  #held: { readonly entry: Entry; readonly bytes: number }[] = []
  #bytes = 0
  #floor = 0
  /** The newest evicted position, by topic. */
  readonly #evicted = new Map<string, number>()

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  get epoch(): Epoch | undefined {
    return this.#epoch
  }

  /** The newest position that the hub was given. */
  get head(): number {
    return this.#head
  }

  /** The events it holds, in order. */
  get held(): readonly Entry[] {
    return this.#held.map(({ entry }) => entry)
  }

  /** It begins anew: nothing up to `floor` is known. */
  restart(epoch: Epoch, floor: number): void {
    this.restarts++
    this.#epoch = epoch
    this.#head = floor
    this.#floor = floor
    this.#held = []
    this.#bytes = 0
    this.#evicted.clear()
  }

  /** The log goes on by a position, which may hold nothing for clients. */
  append(position: number, entry: Entry | undefined): void {
    this.#head = position
    if (entry === undefined) return
    const bytes = frameBytes(entry)
    this.#held.push({ entry, bytes })
    this.#bytes += bytes
    const { maxEvents, maxBytes } = this.bounds
    while (this.#held.length > maxEvents || this.#bytes > maxBytes) {
      const oldest = this.#held.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.bytes
      this.#evicted.set(oldest.entry.topic, oldest.entry.place.position)
    }
  }

  /** Whether it holds an event. */
  holds({ place }: Entry): boolean {
    const first = this.#held[0]?.entry.place
    return place.epoch === this.#epoch && first !== undefined && place.position >= first.position
  }

  /** Whether something that may have been for these clients is gone after a place, so that nothing can be proved. */
  isIncompleteAfter({ epoch, position }: Place, interest: Interest): boolean {
    return epoch !== this.#epoch || position < this.#newestEvicted(interest)
  }

  /** Whether one of the events up to a position that it still holds was the last for these clients. */
  hasEndedBy(position: number, interest: Interest): boolean {
    return this.#held.some(
      ({ entry }) => entry.place.position <= position && interest.accepts(entry) && interest.ends(entry),
    )
  }

  /** Where a client begins that brings no id: the position just before what is to be replayed to it. */
  startOf(interest: Interest): number {
    const { replay } = interest
    if (replay === 'none' || replay === 0) return this.#head
    const first = this.#held[0]?.entry.place
    const all = first === undefined ? this.#head : first.position - 1
    if (replay === 'all') return all
    const newest = this.#held.filter(({ entry }) => interest.accepts(entry)).at(-replay)
    return newest === undefined ? all : newest.entry.place.position - 1
  }

  /** How many events and bytes came after a position. */
  after(position: number): { readonly events: number; readonly bytes: number } {
    let events = 0
    let bytes = 0
    for (const entry of this.#epoch?.between(position, this.#head) ?? []) {
      events++
      bytes += frameBytes(entry)
    }
    return { events, bytes }
  }

  #newestEvicted(interest: Interest): number {
    let newest = this.#floor
    for (const [topic, position] of this.#evicted) {
      if (position > newest && interest.chose(topic)) newest = position
    }
    return newest
  }
}

/** The length of an event as the standard writes it, with its id. */
function frameBytes({ event, text, place }: Entry): number {
  const name = event === 'message' ? '' : `event: ${event}\n`
  const data = text
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')
  return encoder.encode(`${name}${data}id: ${place.epoch.name}.${place.position}\n\n`).length
}
