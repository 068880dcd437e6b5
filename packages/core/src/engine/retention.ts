import { invalid } from '../connection/options.ts'

/** What an engine keeps where nobody has said so, and no hub's ring asks for more. */
const DEFAULT_EVENTS = 20_000

/** How many events an engine is to keep, for processes that start. */
export class Retention {
  readonly #given: number | undefined
  #asked = 0

  /** @param maxEvents the log's option of that name, if it was given */
  constructor(maxEvents: number | undefined) {
    this.#given = maxEvents
  }

  /** As it was given; else twice the ring of whoever follows here. */
  get maxEvents(): number {
    return this.#given ?? Math.max(DEFAULT_EVENTS, 2 * this.#asked)
  }

  /** The largest ring that is to be filled. */
  get ring(): number {
    return this.#asked
  }

  /**
   * A ring of so many events is to be filled.
   *
   * @throws {SseError} `SSE_INVALID_FIELD` if `maxEvents` is less.
   */
  mustHold(events: number): void {
    if (this.#given !== undefined && this.#given < events) {
      throw invalid('maxEvents', `must be at least the ring's (${events}), better twice that, not ${this.#given}`)
    }
    this.#asked = Math.max(this.#asked, events)
  }
}
