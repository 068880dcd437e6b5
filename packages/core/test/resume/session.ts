import type { CloseReason, SseStream } from '../../src/index.ts'
import type { Entry, Epoch, History, Place } from './history.ts'
import type { Interest } from './interest.ts'
import type { Station } from './station.ts'

/**
 * What the id that a client brings is to the hub at that moment:
 *
 * - `none`: it brings none
 * - `malformed`: it cannot be one of ours
 * - `foreign`: of another history
 * - `ahead`: of a place that this hub has not reached
 * - `ended`: after the last event of a stream, which the ring still holds
 * - `trimmed`: something that may have been for the client is gone
 * - `complete`: everything after it is there
 * - `unknown`: the log is away, so that it is decided later
 */
export type Claim = 'none' | 'malformed' | 'foreign' | 'ahead' | 'ended' | 'trimmed' | 'complete' | 'unknown'

/** The name of what the application sends to one client alone, beside the subscription. */
export const ASIDE = 'aside'

/** One request of a client: what it asked for, and how things stood when the hub got it. */
export class Session {
  readonly name: string
  readonly station: Station
  readonly interest: Interest
  readonly sentId: string | undefined
  /** When, by the clock of the run. */
  readonly at: number
  readonly sentPlace: Place | undefined
  readonly claim: Claim
  readonly epoch: Epoch | undefined
  /** The newest position that the hub had; what its callbacks publish meanwhile is in it. */
  head: number
  readonly settled: number
  /** The events that the ring held for the client, in order. */
  readonly held: readonly Entry[]
  /** Where a fresh client begins, if nothing waited to be flushed. */
  readonly start: number
  readonly restarts: number
  /** Whether the log was there, so that it was decided then where the client begins. */
  readonly wasReady: boolean
  /** Nothing happened between the request and the answer, and all events had been flushed. */
  isExact: boolean
  /** Where the application sends what it has to say to this client alone. */
  stream: SseStream | undefined
  /** The application did so before it named the subscription, so that the stream was open by then. */
  wasOpenBefore = false
  /** How many events the application has sent, and how many of them wait for the client. */
  asides = 0
  waitingAsides = 0
  /** Why the hub closed it, once it has. */
  closed: CloseReason | undefined

  constructor(about: {
    readonly name: string
    readonly station: Station
    readonly interest: Interest
    readonly sentId: string | undefined
    readonly at: number
    readonly history: History
  }) {
    const { name, station, interest, sentId, at, history } = about
    const { ring } = station
    this.name = name
    this.station = station
    this.interest = interest
    this.sentId = sentId
    this.at = at
    this.sentPlace = sentId === undefined ? undefined : history.placeOf(sentId)
    this.epoch = ring.epoch
    this.head = ring.head
    this.settled = station.settled
    this.held = ring.held.filter((entry) => interest.accepts(entry))
    this.start = ring.startOf(interest)
    this.restarts = ring.restarts
    this.wasReady = station.isReady
    this.isExact = station.isReady && station.isSettled
    this.claim = this.#claim()
  }

  /** The answer is there. */
  answered(): void {
    const { ring, isReady } = this.station
    if (!isReady || ring.head !== this.head || ring.epoch !== this.epoch) this.isExact = false
    if (ring.epoch === this.epoch) this.head = ring.head
  }

  /** The application sends an event of its own, of so many characters. */
  sendAside(length: number): void {
    const data = `${this.asides++} ${'*'.repeat(length)}`
    this.waitingAsides++
    const settled = (): number => this.waitingAsides--
    void this.stream?.send({ event: ASIDE, data }).then(settled, settled)
  }

  /** Whether a fresh client must get the snapshot, or that of an id that tells nothing. */
  get isFresh(): boolean {
    return this.claim === 'none'
  }

  /** The earliest place from which it may be served, if that is known. */
  get earliest(): Place | undefined {
    const { epoch, sentPlace, claim, isExact, start } = this
    if (epoch === undefined) return undefined
    if (claim === 'complete' || claim === 'trimmed') return sentPlace
    return { epoch, position: isExact ? start : 0 }
  }

  /** Whether the log began anew, or came back with less, since the request. */
  get hasRestarted(): boolean {
    return this.station.ring.restarts > this.restarts
  }

  #claim(): Claim {
    const { sentId, sentPlace, interest, epoch, station } = this
    const { ring } = station
    if (sentId === undefined) return 'none'
    const match = sentId.length <= 128 ? /^([\da-zA-Z-]+)\.([\da-zA-Z-]+)$/.exec(sentId) : null
    if (match === null) return 'malformed'
    if (!station.isReady || epoch === undefined) return 'unknown'
    if (match[1] !== epoch.name) return 'foreign'
    if (sentPlace === undefined) return 'malformed'
    if (sentPlace.position > ring.head) return 'ahead'
    if (ring.hasEndedBy(sentPlace.position, interest)) return 'ended'
    return ring.isIncompleteAfter(sentPlace, interest) ? 'trimmed' : 'complete'
  }
}
