import type { CloseReason, ConnectionInfo, EventLog, HubOptions, Subscription } from '../../src/index.ts'
import { type Interest, LAST } from './interest.ts'
import { STALL_TIMEOUT } from './line.ts'
import type { Scene } from './scene.ts'
import { Station } from './station.ts'
import { stackOf } from './tale.ts'
import { must, Violation } from './violation.ts'

/** Is told that a hub has closed a stream: its `address`, and why. */
export type OnClosed = (name: string, reason: CloseReason) => void

/** The processes of a run: hubs on one log, and what their callbacks do. */
export class Stations {
  readonly #scene: Scene
  readonly #onClosed: OnClosed
  readonly #all: Station[] = []
  readonly #answers: Promise<unknown>[] = []
  #fromCallbacks: number

  constructor(scene: Scene, onClosed: OnClosed) {
    this.#scene = scene
    this.#onClosed = onClosed
    this.#fromCallbacks = scene.plan.fromCallbacks
    this.#add()
  }

  /** One of them. */
  get any(): Station {
    return this.#scene.random.pick(this.#all)
  }

  get all(): readonly Station[] {
    return this.#all
  }

  /** Some begin late. */
  maybeAdd(): void {
    const { plan, random } = this.#scene
    if (this.#all.length < plan.stations && random.chance(0.2)) this.#add()
  }

  /** Publishes in one turn. */
  publish(count: number, station: Station = this.any): void {
    this.#scene.tale.tell(`publish ${count}`)
    for (let i = 0; i < count; i++) this.#answers.push(this.#scene.publishing.publish(station))
  }

  /** Publishes each when the one before was answered, or cannot be for now. */
  async publishAwaited(count: number): Promise<void> {
    this.#scene.tale.tell(`publish ${count}, awaited`)
    const station = this.any
    for (let i = 0; i < count; i++) {
      const answer = this.#scene.publishing.publish(station)
      this.#answers.push(answer)
      await Promise.race([answer, this.turn()])
    }
  }

  /** A macrotask: what was published before has been flushed after. */
  async turn(): Promise<void> {
    const before = this.#all.map((station) => ({ station, epoch: station.ring.epoch, head: station.ring.head }))
    await new Promise((resolve) => setImmediate(resolve))
    for (const { station, epoch, head } of before) if (station.ring.epoch === epoch) station.settle(head)
  }

  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.turn()
  }

  /** Hubs write to the log for each other: positions that hold nothing for clients. */
  disconnect(principal: string): void {
    this.#scene.tale.tell(`disconnect ${principal}`)
    this.any.hub.disconnect({ principal })
  }

  /** The subscription of an interest: most clients share it, some get one of their own. */
  subscription(station: Station, interest: Interest): Subscription {
    return this.#scene.random.chance(0.8) ? station.subscription(interest) : this.subscribe(station, interest)
  }

  subscribe(station: Station, interest: Interest, after?: string): Subscription {
    const { desk, tale } = this.#scene
    const { topics, replay, lag, filter, hasSnapshot, hasEnd } = interest
    return station.hub.subscribe(topics, {
      replay,
      lag,
      ...(after !== undefined && { after }),
      ...(filter !== undefined && {
        filter: (event) => {
          this.#publishFromCallback(station, 0.02)
          return interest.letsThrough(event)
        },
      }),
      ...(hasEnd && { until: ({ event }) => event === LAST }),
      ...(hasSnapshot && {
        snapshot: (context) => {
          tale.tell(`snapshot for ${interest.name}: ${context.reason}`)
          this.#publishFromCallback(station, 0.2)
          return desk.take(interest, context)
        },
      }),
    })
  }

  /** Callbacks publish nothing any more. */
  calm(): void {
    this.#fromCallbacks = 0
  }

  /** All have been answered: what was said must be what is in the log. */
  async verifyPublishes(): Promise<void> {
    await Promise.all(this.#answers)
    // A rejection is reported when its turn has ended.
    await this.turns(2)
    this.#scene.publishing.verify()
  }

  /** All clients have gone: nothing of them may have stayed, and nothing waits for the log, which is there. */
  mustBeEmpty(): void {
    for (const { hub, name } of this.#all) {
      const left = Array.from(hub.connections, ({ address }) => address)
      must(left.length === 0, 'leak', () => `${name} still has ${left}`)
      const { state, waiting } = hub.stats().log
      must(waiting === 0, 'leak', () => `${waiting} publishes of ${name} still wait`)
      must(state === 'ready' || state === 'idle', 'stall', () => `${name} says that its log is ${state}`)
    }
  }

  async close(): Promise<void> {
    for (const { hub } of this.#all) await hub.close()
  }

  #add(): void {
    const { core, log, plan } = this.#scene
    const station: Station = new Station({
      name: `h${this.#all.length}`,
      core,
      log,
      bounds: plan.bounds,
      hub: (opened) => this.#options(opened, () => station),
      subscribe: (at, interest) => this.subscribe(at, interest),
    })
    this.#all.push(station)
  }

  #options(log: EventLog, station: () => Station): HubOptions {
    const { bounds, heartbeat, hasCheckpoints } = this.#scene.plan
    return {
      log,
      ring: bounds,
      heartbeat,
      checkpoints: hasCheckpoints,
      stallTimeout: STALL_TIMEOUT,
      retry: 1_000,
      onError: (error, { stage }) => this.#reported(error, stage),
      onClose: (info, reason) => this.#closed(info, reason, station()),
    }
  }

  /** What is known to go wrong: appends, and a log that is away. */
  #reported(error: unknown, stage: string): void {
    const { core, publishing, tale } = this.#scene
    if (stage === 'publish') return publishing.report()
    if (stage === 'disconnect' && error instanceof core.main.SseError && error.code === 'SSE_LOG') return
    if (stage !== 'log') tale.fail(new Violation('error', `${stage}: ${stackOf(error)}`))
  }

  #closed({ address = '' }: ConnectionInfo, reason: CloseReason, station: Station): void {
    this.#scene.tale.tell(`${address} was closed: ${reason}`)
    this.#onClosed(address, reason)
    const isOfHub = reason === 'complete' || reason === 'slow'
    if (isOfHub || !this.#scene.plan.isFullOfEnds) this.#publishFromCallback(station, 0.8)
  }

  /** The hub's callbacks may publish, too, also in the midst of a flush. */
  #publishFromCallback(station: Station, probability: number): void {
    const { random, plan } = this.#scene
    if (this.#fromCallbacks <= 0 || !random.chance(probability)) return
    const count = Math.min(this.#fromCallbacks, random.int(...plan.perCallback))
    this.#fromCallbacks -= count
    this.publish(count, station)
  }
}
