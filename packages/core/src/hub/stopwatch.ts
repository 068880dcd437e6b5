import { Deque } from './deque.ts'
import type { EventLog } from './log.ts'

/** So many events are timed at a time; those that come on top are not. */
const MAX_TIMED = 10_000
/** So many arrivals are remembered, for events whose place is known only after they have arrived. */
const MAX_ARRIVALS = 256

/** The place that an event got in a log. */
export type LogPlace = Awaited<ReturnType<EventLog['append']>>

/** What a stopwatch is made with. */
export interface StopwatchOptions {
  readonly log: EventLog
  /** An event that is published so soon after one that is being timed is not, in milliseconds. */
  readonly spacing: number
  /** Gets the time that an event took, in milliseconds. */
  readonly onArrival?: (took: number) => void
}

interface Timed {
  readonly began: number
  place: LogPlace | undefined
}

interface Arrival {
  readonly position: string
  readonly at: number
}

/**
 * Times events of this process on their way through the log: from their publishing until that place of the log has arrived
 * wherever the stopwatch stands. Bounded, however long they take.
 */
export class Stopwatch {
  readonly #log: EventLog
  readonly #spacing: number
  readonly #onArrival: ((took: number) => void) | undefined
  /** Those that have no place yet, the oldest first. */
  readonly #unplaced = new Set<Timed>()
  /** Those that have one, in order. */
  #placed = new Deque<Timed>()
  #newest = Number.NEGATIVE_INFINITY
  #epoch = ''
  #position = ''
  #arrivals = new Deque<Arrival>()

  constructor({ log, spacing, onArrival }: StopwatchOptions) {
    this.#log = log
    this.#spacing = spacing
    this.#onArrival = onArrival
  }

  /** When the oldest began that has not arrived, by `performance.now()`. */
  get oldest(): number | undefined {
    const [unplaced] = this.#unplaced
    const placed = this.#placed.at(0)
    if (unplaced === undefined || placed === undefined) return (unplaced ?? placed)?.began
    return Math.min(unplaced.began, placed.began)
  }

  /**
   * Times an event.
   *
   * @param place what the log answers; one that it did not accept is not timed.
   * @param began by `performance.now()`.
   */
  start(place: Promise<LogPlace>, began: number): void {
    const timing = this.#unplaced.size + this.#placed.length
    if (timing >= MAX_TIMED || (timing > 0 && began - this.#newest < this.#spacing)) return
    const timed: Timed = { began, place: undefined }
    this.#newest = began
    this.#unplaced.add(timed)
    place.then(
      (known) => {
        this.#unplaced.delete(timed)
        timed.place = known
        this.#place(timed, known)
      },
      () => this.#unplaced.delete(timed),
    )
  }

  /** Everything up to this place has arrived. Of another epoch than before: what was on its way will not. */
  arrived(epoch: string, position: string): void {
    if (epoch !== this.#epoch) this.#restart(epoch)
    else if (position === this.#position) return
    this.#position = position
    if (this.#onArrival !== undefined) {
      this.#arrivals.push({ position, at: performance.now() })
      if (this.#arrivals.length > MAX_ARRIVALS) this.#arrivals.shift()
    }
    for (let timed = this.#placed.at(0); timed?.place !== undefined; timed = this.#placed.at(0)) {
      if (!this.#hasArrived(timed.place)) return
      this.#placed.shift()
      this.#finish(timed, timed.place)
    }
  }

  #place(timed: Timed, place: LogPlace): void {
    if (this.#hasArrived(place)) this.#finish(timed, place)
    // A place in a history that is over never arrives.
    else if (this.#isToCome(place)) this.#placed.push(timed)
  }

  #hasArrived({ epoch, position }: LogPlace): boolean {
    return epoch === this.#epoch && this.#log.compare(position, this.#position) <= 0
  }

  #isToCome({ epoch }: LogPlace): boolean {
    if (this.#epoch === '' || epoch === this.#epoch) return true
    return this.#log.isLaterEpoch?.(epoch, this.#epoch) === true
  }

  #restart(epoch: string): void {
    const placed = this.#placed
    this.#epoch = epoch
    this.#arrivals = new Deque()
    this.#placed = new Deque()
    for (let timed = placed.shift(); timed?.place !== undefined; timed = placed.shift()) {
      if (this.#isToCome(timed.place)) this.#placed.push(timed)
    }
  }

  /** It arrived with the first arrival that was as far; one too old to be remembered was no later than those that are. */
  #finish({ began }: Timed, { position }: LogPlace): void {
    const first = this.#arrivals.search((arrival) => this.#log.compare(arrival.position, position) < 0)
    const arrival = this.#arrivals.at(first)
    if (arrival !== undefined) this.#onArrival?.(arrival.at - began)
  }
}
