import type { EventLog, Hub, HubOptions, Subscription } from '../../src/index.ts'
import type { BuiltCore } from './built-core.ts'
import type { Entry, Epoch } from './history.ts'
import type { Interest } from './interest.ts'
import { type Bounds, RingModel } from './ring-model.ts'
import type { LinkWatch, UnsteadyLog } from './unsteady-log.ts'

/** What a station is made with. */
export interface StationOptions {
  readonly name: string
  readonly core: BuiltCore
  readonly log: UnsteadyLog
  readonly bounds: Bounds
  readonly hub: (log: EventLog) => HubOptions
  /** Makes a subscription of the hub. */
  readonly subscribe: (station: Station, interest: Interest) => Subscription
}

/** One process: a hub that follows the log, and what is known of where it must be. */
export class Station implements LinkWatch {
  readonly name: string
  readonly hub: Hub
  readonly ring: RingModel
  /** The newest position that must have been flushed. */
  settled = 0
  readonly #subscribe: StationOptions['subscribe']
  readonly #subscriptions = new Map<Interest, Subscription>()
  #headAtAttach: number | undefined

  constructor({ name, core, log, bounds, hub, subscribe }: StationOptions) {
    this.name = name
    this.ring = new RingModel(bounds)
    this.#subscribe = subscribe
    this.hub = core.main.createHub(hub(log.open(this)))
  }

  /** Whether it has the log, and has read what was in it. */
  get isReady(): boolean {
    return this.#headAtAttach !== undefined && this.ring.head >= this.#headAtAttach
  }

  /** Whether all that it was given must have been flushed. */
  get isSettled(): boolean {
    return this.settled === this.ring.head
  }

  /** A macrotask has passed since the hub was given what is at this position. */
  settle(head: number): void {
    this.settled = Math.max(this.settled, head)
  }

  /** The subscription of an interest, shared by its clients. */
  subscription(interest: Interest): Subscription {
    const known = this.#subscriptions.get(interest)
    if (known !== undefined) return known
    const subscription = this.#subscribe(this, interest)
    this.#subscriptions.set(interest, subscription)
    return subscription
  }

  attaching({ epoch, floor, head }: { epoch: Epoch; floor: number; head: number }): void {
    this.#headAtAttach = head
    if (epoch === this.ring.epoch && floor <= this.ring.head) return
    this.ring.restart(epoch, floor)
    this.settled = floor
  }

  delivering(position: number, entry: Entry | undefined): void {
    this.ring.append(position, entry)
  }

  detaching(): void {
    this.#headAtAttach = undefined
  }
}
