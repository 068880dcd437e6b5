import type { Connection } from '../connection/connection.ts'
import type { Host } from '../connection/host.ts'
import { assertInteger, invalid } from '../connection/options.ts'
import { ATTACH, type Attachable } from '../connection/source.ts'
import type { Serialize } from '../wire/encode.ts'
import { Cursor, type CursorOptions, type Replay } from './cursor.ts'
import type { AnyEvents, HubEvent, Publication } from './event.ts'
import type { FanOut } from './fan-out.ts'
import { type EventMapping, MappedEvents } from './mapping.ts'
import { assertLag, type Lag } from './options.ts'
import { Reader } from './reader.ts'
import { Selection } from './selection.ts'
import { type SnapshotContext, type SnapshotFunction, Snapshots } from './snapshot.ts'

/** What a subscription is made with. */
export interface SubscribeOptions<E extends object = AnyEvents> {
  /** Where a client begins that brings no id: with what is new (default), the newest so many events, or all there are. */
  replay?: Replay
  /** An id to go on from, for a reader that is not a request; a `Last-Event-ID` wins over it. */
  after?: string
  /**
   * Whether an event is the last one: the stream ends after it. A client that comes back having seen one, as far as the
   * ring still holds it, is answered 204, which makes an `EventSource` stop.
   */
  until?: (event: HubEvent<E>) => boolean
  /**
   * The state that events change. It goes to clients that are new or have a gap, before what is published from then on,
   * without loss in between; `replay` is not asked then. Only for streams: a direct reader does not get it.
   */
  snapshot?: (context: SnapshotContext) => Iterable<Publication<E>> | Promise<Iterable<Publication<E>>>
  /** Whether an event is for the clients of this subscription. Must answer the same each time it is asked. */
  filter?: (event: HubEvent<E>) => boolean
  /** What happens to a client that is too slow; default: the hub's. */
  lag?: Lag
}

/** The method by which the events of a subscription are mapped. */
const MAP: unique symbol = Symbol('map')

/**
 * A subscription whose events are mapped, for one client: for an adapter whose framework lets others see each event. Ids,
 * resuming, gaps and lag policies are as they were. What is no subscription is as it was.
 *
 * @param map what it throws ends the stream; stage: `map`.
 */
export function mapEvents(source: Attachable, map: EventMapping): Attachable {
  return source instanceof HubSubscription ? source[MAP](map) : source
}

/** What an audience has to ask of each event. */
export interface Choice {
  readonly filter: ((event: HubEvent) => boolean) | undefined
  readonly until: ((event: HubEvent) => boolean) | undefined
}

/**
 * A choice of topics: a description, which costs nothing until it is streamed or read. Made once it can be shared by any
 * number of clients, which then share the work.
 *
 * As an async iterable it reads the events directly: it begins where `after` or `replay` say, and throws `SSE_GAP` when
 * it cannot be proved that nothing is missing.
 */
export interface Subscription<E extends object = AnyEvents> extends Attachable, AsyncIterable<HubEvent<E>> {
  /** Topics and patterns, as they were given. */
  readonly topics: readonly string[]
}

/** What a subscription needs of its hub. */
export interface SubscriptionHub {
  readonly host: Host
  readonly fanOut: FanOut
  readonly lag: Lag
  readonly serialize: Serialize
  /** Begins to follow the log, if that has not been done yet. */
  start(): void
}

/**
 * Makes a subscription. What its callbacks are given is an event of the hub's map: the hub's types say so.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the topic or option.
 */
export function createSubscription(
  hub: SubscriptionHub,
  topics: string | readonly string[],
  options?: SubscribeOptions,
): Subscription {
  return new HubSubscription(hub, topics, options)
}

class HubSubscription implements Subscription {
  readonly topics: readonly string[]
  readonly #hub: SubscriptionHub
  readonly #selection: Selection
  readonly #choice: Choice
  readonly #options: CursorOptions

  constructor(hub: SubscriptionHub, topics: string | readonly string[], options: SubscribeOptions = {}) {
    const { replay = 'none', after, until, snapshot, filter, lag = hub.lag } = options
    if (replay !== 'none' && replay !== 'all') assertInteger('replay', replay, 0, Number.MAX_SAFE_INTEGER)
    if (after !== undefined && typeof after !== 'string') throw invalid('after', 'must be a string')
    assertCallback('until', until)
    assertCallback('snapshot', snapshot)
    assertCallback('filter', filter)
    assertLag(lag)
    this.#hub = hub
    this.#selection = new Selection(topics)
    this.topics = this.#selection.topics
    this.#choice = { filter, until }
    this.#options = {
      fanOut: hub.fanOut,
      snapshots: snapshot && new Snapshots(hub.fanOut, snapshot as SnapshotFunction, hub.serialize),
      replay,
      lag,
      after,
    }
  }

  [ATTACH](connection: Connection): void {
    this.#attach(connection, this.#options)
  }

  [MAP](map: EventMapping): Attachable {
    const mapping = new MappedEvents(this.#hub.fanOut, this.#hub.serialize, map)
    return { [ATTACH]: (connection) => this.#attach(connection, { ...this.#options, mapping }) }
  }

  [Symbol.asyncIterator](): AsyncIterator<HubEvent> {
    const { fanOut, start } = this.#hub
    start()
    return new Reader(fanOut.acquire(this.#selection, this.#choice), this.#options)
  }

  #attach(connection: Connection, options: CursorOptions): void {
    const { host, fanOut, start } = this.#hub
    const refusal = connection.enter(host)
    if (refusal !== undefined) return connection.refuse(refusal)
    start()
    const cursor = new Cursor(connection, fanOut.acquire(this.#selection, this.#choice), options)
    connection.feed(cursor)
    cursor.begin()
  }
}

function assertCallback(name: string, callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') throw invalid(name, 'must be a function')
}
