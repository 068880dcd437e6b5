import { invalid } from '@sse/core/engine'

/** What the stream keeps where nobody has said so, and no hub's ring asks for more. */
const DEFAULT_EVENTS = 20_000

/** About how many events the stream keeps. */
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

  /**
   * A ring of so many events is to be filled from the stream.
   *
   * @throws {SseError} `SSE_INVALID_FIELD` if the stream is to keep less.
   */
  mustHold(events: number): void {
    this.#asked = Math.max(this.#asked, events)
    if (this.#given === undefined || this.#given >= events) return
    throw invalid('maxEvents', `must be at least the ring's (${events}), better twice that, not ${this.#given}`)
  }
}
