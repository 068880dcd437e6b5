import { isDeepStrictEqual } from 'node:util'
import type { HubEvent } from '../../src/index.ts'
import { idOf, nameOf, type Place } from './history.ts'
import type { Interest } from './interest.ts'
import type { Scene } from './scene.ts'
import type { Station } from './station.ts'
import { Trail } from './trail.ts'
import { must } from './violation.ts'

/** What a direct reader needs of its run. */
export interface DirectReaderOptions {
  readonly name: string
  readonly scene: Scene
  readonly station: Station
  readonly interest: Interest
  readonly after: string | undefined
  readonly iterator: AsyncIterator<HubEvent>
}

/** Reads a subscription in the process itself, as many events as it is allowed, and holds them to the same rules. */
export class DirectReader {
  readonly name: string
  /** The id of what it read last. */
  lastId: string | undefined
  isOver = false
  read = 0
  readonly #options: DirectReaderOptions
  readonly #trail: Trail
  readonly #sentPlace: Place | undefined
  readonly #head: number
  readonly #settled: number
  readonly #wasReady: boolean
  readonly #restarts: number
  /** Where it begins, if that could be known. */
  readonly #start: Place | undefined
  #hasEnded = false
  #allowed = 0
  #wake: (() => void) | undefined

  constructor(options: DirectReaderOptions) {
    const { name, interest, station, after, scene } = options
    this.name = name
    this.lastId = after
    this.#options = options
    this.#trail = new Trail(interest)
    this.#sentPlace = after === undefined ? undefined : scene.history.placeOf(after)
    this.#trail.begin(this.#sentPlace)
    this.#head = station.ring.head
    this.#settled = station.settled
    this.#restarts = station.ring.restarts
    const { epoch } = station.ring
    const isExact = station.isReady && station.isSettled
    this.#wasReady = station.isReady
    this.#start = epoch && { epoch, position: isExact ? station.ring.startOf(interest) : 0 }
    void this.#run()
  }

  get interest(): Interest {
    return this.#options.interest
  }

  allow(events: number): void {
    this.#allowed += events
    this.#wake?.()
  }

  /** Stops reading. */
  async stop(): Promise<void> {
    this.isOver = true
    this.#wake?.()
    await this.#options.iterator.return?.()
  }

  /** It has read everything: nothing may be missing. */
  mustBeUpToDate(): void {
    const { epoch, head } = this.#options.station.ring
    const place = this.#trail.place
    if (place === undefined || epoch === undefined) return
    const isAhead = place.epoch === epoch && place.position > head
    if (!isAhead) this.#trail.mustReach({ epoch, position: head })
  }

  /** Reports what a check throws. */
  check(check: () => void): void {
    this.#options.scene.tale.check(`${this.name}: ${this.interest}`, check)
  }

  async #run(): Promise<void> {
    while (await this.#mayRead()) {
      const result = await this.#next()
      if (this.isOver || result === undefined) return
      this.#allowed--
      this.check(() => (result.done === true ? this.#ended() : this.#take(result.value)))
    }
  }

  async #mayRead(): Promise<boolean> {
    while (this.#allowed <= 0 && !this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return !this.isOver
  }

  async #next(): Promise<IteratorResult<HubEvent> | undefined> {
    try {
      return await this.#options.iterator.next()
    } catch (error) {
      if (!this.isOver) this.check(() => this.#failed(error))
      return undefined
    }
  }

  #take({ topic, event, data, id, key }: HubEvent): void {
    const { interest, scene } = this.#options
    scene.tale.tell(`${this.name} < ${id}`)
    const place = scene.history.placeOf(id)
    const entry = place?.epoch.at(place.position)
    must(entry !== undefined && place !== undefined, 'data', () => `there is no event at ${id}`)
    const isSame = entry.topic === topic && entry.event === event && entry.key === key
    must(isSame && isDeepStrictEqual(entry.data, data), 'data', () => `${nameOf(entry)} is read as something else`)
    must(interest.accepts(entry), 'data', () => `${nameOf(entry)} is not for ${interest}`)
    must(!this.#hasEnded, 'end', () => `${nameOf(entry)} came after the last event`)
    if (this.#trail.place === undefined) this.#begin(place)
    this.#trail.take(entry)
    this.#hasEnded = interest.ends(entry)
    this.lastId = id
    this.read++
  }

  /** The first event of a reader that was told nowhere where it begins: it is one of those it may begin with. */
  #begin(first: Place): void {
    const { station, interest, after } = this.#options
    must(after === undefined, 'no gap', () => `it was to go on after ${after}, and read ${idOf(first)}`)
    const isPlaced = this.#wasReady && station.ring.restarts === this.#restarts
    if (isPlaced && interest.replay === 'none') {
      must(first.position > this.#settled, 'start', () => `it begins with ${idOf(first)}, which was there before`)
    }
    // All that came after it was made is its, so that its trail begins there or before.
    const begin = isPlaced ? Math.min(this.#head, first.position - 1) : first.position - 1
    this.#trail.begin({ epoch: first.epoch, position: begin })
  }

  #ended(): void {
    const { station, interest } = this.#options
    this.isOver = true
    const place = this.#trail.place
    const isPast = place !== undefined && station.ring.hasEndedBy(place.position, interest)
    must(this.#hasEnded || isPast, 'end', () => 'the reading ended before the last event')
    if (this.#hasEnded && place !== undefined) this.#trail.mustReach(place)
  }

  #failed(error: unknown): void {
    this.isOver = true
    const { scene, station, interest, after } = this.#options
    scene.tale.tell(`${this.name} < ${String(error)}`)
    const isGap = error instanceof scene.core.main.SseError && error.code === 'SSE_GAP'
    must(isGap, 'error', () => `reading threw ${String(error)}`)
    const { ring } = station
    const place = this.#trail.place
    const hasRestarted = ring.restarts > this.#restarts
    if (place === undefined) {
      const isLost = this.#start !== undefined && ring.isIncompleteAfter(this.#start, interest)
      must(after !== undefined || hasRestarted || isLost, 'gap without cause', () => `it read nothing: ${error.cause}`)
      return
    }
    const isAhead = error.cause === 'unknown-id' && place === this.#sentPlace && place.position > station.settled
    const isLost = isAhead || ring.isIncompleteAfter(place, interest)
    must(isLost, 'gap without cause', () => `${error.cause}, though everything after ${idOf(place)} is in the ring`)
  }
}
