import { invalid } from '@sse/core/engine'

/** What a stream keeps where nobody has said so, and no hub's ring asks for more. */
const DEFAULT_EVENTS = 20_000

/** How many events a stream is to keep. */
export class Retention {
  readonly #given: number | undefined
  #asked = 0

  constructor(maxEvents: number | undefined) {
    this.#given = maxEvents
  }

  /** As it was given; else twice the ring of whoever follows here. */
  get maxEvents(): number {
    return this.#given ?? Math.max(DEFAULT_EVENTS, 2 * this.#asked)
  }

  /** The largest ring that is to be filled from the stream. */
  get ring(): number {
    return this.#asked
  }

  /**
   * A ring of so many events is to be filled from the stream.
   *
   * @throws {SseError} `SSE_INVALID_FIELD` if a stream that is made here would keep less.
   */
  mustHold(events: number): void {
    if (this.#given !== undefined && this.#given < events) {
      throw invalid('maxEvents', `must be at least the ring's (${events}), better twice that, not ${this.#given}`)
    }
    this.#asked = Math.max(this.#asked, events)
  }
}
