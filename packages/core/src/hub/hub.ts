import { Chunk } from '../connection/chunk.ts'
import type { Connection, ConnectionInfo } from '../connection/connection.ts'
import { Heartbeat } from '../connection/heartbeat.ts'
import { type CloseReason, guardOnError, HOST, type Host, type Hosting, type Refusal } from '../connection/host.ts'
import { newestNumber } from '../connection/numbers.ts'
import { assertInteger, invalid, MAX_DELAY } from '../connection/options.ts'
import { afterTurn } from '../connection/turn.ts'
import { encodeEvent } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import { drainOver, endAll } from './drain.ts'
import { entryOf } from './entry.ts'
import type { AnyEvents, Publication } from './event.ts'
import { FanOut } from './fan-out.ts'
import { Following } from './following.ts'
import { Limits } from './limits.ts'
import type { LogEntry, LogRecord } from './log.ts'
import { type HubOptions, hubSettings } from './options.ts'
import { appendTo, type Publishes, Publishing } from './publishing.ts'
import type { HubStats, PublishRefusal } from './stats.ts'
import { Stopwatch } from './stopwatch.ts'
import { createSubscription, type SubscribeOptions, type Subscription, type SubscriptionHub } from './subscription.ts'
import { TIME, type Timeable } from './timing.ts'

/** While the log is away, so many events may wait for it. */
const MAX_WAITING_APPENDS = 10_000
const DISCONNECT = 'sse.disconnect'

/** Publishes events to topics, and streams them to whoever chose these. */
export interface Hub<E extends object = AnyEvents> extends Hosting, Timeable {
  /**
   * Publishes an event. Resolves with its id when the log has accepted it, not when clients have it. A rejection that
   * nobody awaits goes to `onError`, and is never an unhandled rejection.
   *
   * @throws {SseError} at once, on misuse: `SSE_INVALID_FIELD`, `SSE_LIMIT`, `SSE_CLOSED`; no client has got a byte then.
   */
  publish(topic: string, event: Publication<E>): Promise<string>
  /**
   * Describes a choice of topics (`*` is one part, `**` the rest), to be streamed to clients or read directly.
   *
   * @throws {SseError} `SSE_INVALID_FIELD` naming the topic or option.
   */
  subscribe(topics: string | readonly string[], options?: SubscribeOptions<E>): Subscription<E>
  /**
   * Resolves when the log's tail has been read for the first time. Streams may be opened before: they wait, and those of new
   * clients begin where the log is then.
   */
  readonly ready: Promise<void>
  /** The open connections, each as it is at this moment. */
  readonly connections: Iterable<ConnectionInfo>
  /** How many connections are open. */
  readonly size: number
  /**
   * Ends streams, reason `revoked`: those of a principal, on every node, or those that are picked, on this one.
   *
   * @param reason is sent as a comment, for who reads the stream by hand.
   * @returns how many were ended in this process.
   */
  disconnect(where: { principal: string } | ((connection: ConnectionInfo) => boolean), reason?: string): number
  stats(): HubStats
  /**
   * Whether new clients are served: the log can be read, and the hub does not drain; the reason if not. There is none while the log
   * is read for the first time, or what was missed is. Never rejects. Like `ready`, it begins to follow the log.
   */
  health(): Promise<{ ok: boolean; error?: unknown }>
  /**
   * Ends all streams, reason `drain`, and lets go of the log. New streams are refused; `publish` works until the last
   * stream has ended, then it throws `SSE_CLOSED`.
   *
   * @param options `drain`: over how many milliseconds they end, so that clients do not come back all at once; default 0.
   */
  close(options?: { drain?: number }): Promise<void>
}

/**
 * Makes a hub. No I/O, no timer, nothing random: that begins with the first `ready`, `publish` or stream.
 *
 * @typeParam E the event map: names and their payloads; an interface will do.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function createHub<E extends object = AnyEvents>(options?: HubOptions): Hub<E> {
  // The event map is a matter of types alone: a hub carries whatever it is given.
  return new EventHub(options) as unknown as Hub<E>
}

/** Whose streams were ended, and the newest connection then. */
interface Revocation {
  readonly pick: (connection: ConnectionInfo) => boolean
  readonly last: Chunk | undefined
  readonly newest: number
}

class EventHub implements Hub {
  readonly #settings
  readonly #fanOut: FanOut
  readonly #following: Following
  readonly #limits: Limits
  readonly #host: Host
  /** What its subscriptions know of it. */
  readonly #subscribed: SubscriptionHub
  readonly #closedBy: Record<CloseReason, number> = {
    client: 0,
    complete: 0,
    slow: 0,
    stalled: 0,
    expired: 0,
    revoked: 0,
    drain: 0,
    limit: 0,
    error: 0,
  }
  readonly #refused: Record<Refusal, number> = { connections: 0, perPrincipal: 0, perAddress: 0, closed: 0 }
  readonly #rejected: Record<PublishRefusal, number> = { eventBytes: 0, waiting: 0, log: 0 }
  /** Times events until they are written, while somebody wants to know. */
  #toWrite: Stopwatch | undefined
  readonly #onWritten = new Set<(took: number) => void>()
  #origin: string | undefined
  #appending = 0
  readonly #publishes: Publishes
  readonly #disconnects: Publishes
  #closing: Promise<void> | undefined
  #isClosed = false
  /** Those of this turn, and of the one before. */
  readonly #revocations = new Set<Revocation>()

  constructor(options: HubOptions | undefined) {
    const settings = hubSettings(options)
    const { log, heartbeat: interval, stallTimeout, checkpoints, deserialize, ring: bounds } = settings
    log.mustKeep?.(bounds.maxEvents)
    const onError = guardOnError(settings.onError)
    const heartbeat = new Heartbeat({ interval, stallTimeout }, (now) => this.#fanOut.tick(now))
    this.#settings = { ...settings, onError }
    this.#limits = new Limits(settings.limits)
    this.#fanOut = new FanOut({ log, bounds, heartbeat, checkpoints, deserialize, onError })
    this.#following = new Following({
      log,
      fanOut: this.#fanOut,
      onError,
      onControl: (record) => this.#control(record),
      // That somebody's streams are to end may have stood there. Who has been told apart comes back, and is looked at anew.
      onLoss: () => this.#revoke(({ principal }) => principal !== undefined, undefined),
    })
    this.#publishes = {
      answered: (refusal) => {
        this.#appending--
        if (refusal !== undefined) this.#rejected[refusal.code === 'SSE_LIMIT' ? 'waiting' : 'log']++
      },
      breath: () => this.#fanOut.breath,
      unheard: (error) => onError(error, { stage: 'publish' }),
    }
    // They are no events of the application's.
    this.#disconnects = { ...this.#publishes, answered: () => this.#appending-- }
    this.#host = {
      serialize: settings.serialize,
      retry: settings.retry,
      heartbeat,
      traffic: { delivered: 0, bytes: 0 },
      enter: (connection) => this.#enter(connection),
      leave: (connection, reason) => this.#left(connection, reason),
      onError,
    }
    this.#subscribed = {
      host: this.#host,
      fanOut: this.#fanOut,
      lag: settings.lag,
      serialize: settings.serialize,
      start: () => this.#following.start(),
    }
  }

  get [HOST](): Host {
    return this.#host
  }

  get ready(): Promise<void> {
    this.#following.start()
    return this.#following.ready
  }

  get connections(): Iterable<ConnectionInfo> {
    return Array.from(this.#limits.connections, (connection) => connection.info)
  }

  get size(): number {
    return this.#limits.connections.size
  }

  publish(topic: string, event: Publication): Promise<string> {
    if (this.#isClosed) throw closedError(true)
    const entry = this.#entryOf(topic, event)
    this.#following.start()
    if (!this.#fanOut.isReady && this.#appending >= MAX_WAITING_APPENDS) {
      this.#rejected.waiting++
      throw new SseError('SSE_LIMIT', `The log is away, and ${MAX_WAITING_APPENDS} events wait for it already.`)
    }
    const { ring } = this.#fanOut
    const { headSeq } = ring
    const began = this.#toWrite === undefined ? 0 : performance.now()
    this.#appending++
    const place = appendTo(this.#settings.log, entry)
    // A log in memory has handed it back by now.
    if (ring.headSeq === headSeq) this.#following.expect(place)
    this.#toWrite?.start(place, began)
    return Publishing.of(place, this.#publishes)
  }

  subscribe(topics: string | readonly string[], options?: SubscribeOptions): Subscription {
    return createSubscription(this.#subscribed, topics, options)
  }

  disconnect(where: { principal: string } | ((connection: ConnectionInfo) => boolean), reason?: string): number {
    const last = reason === undefined ? undefined : Chunk.ofText(encodeEvent({ comment: reason }), 0)
    if (typeof where === 'function') return this.#revoke(where, last)
    const { principal } = where
    if (typeof principal !== 'string') throw invalid('principal', 'must be a string')
    this.#origin ??= crypto.randomUUID()
    const data = JSON.stringify({ principal, reason, origin: this.#origin })
    this.#following.start()
    this.#appending++
    const place = appendTo(this.#settings.log, { topic: DISCONNECT, event: DISCONNECT, data, raw: true })
    Publishing.of(place, this.#disconnects).catch((error: unknown) => {
      this.#settings.onError(error, { stage: 'disconnect' })
    })
    return this.#revoke((connection) => connection.principal === principal, last)
  }

  stats(): HubStats {
    const { ring, gaps, resumed, replayed } = this.#fanOut
    const { delivered, bytes } = this.#host.traffic
    const { state, lag } = this.#following
    let lagging = 0
    let opened = 0
    for (const { isFull, wasOpened } of this.#limits.connections) {
      if (isFull) lagging++
      if (wasOpened) opened++
    }
    for (const ended of Object.values(this.#closedBy)) opened += ended
    return {
      connections: this.size,
      lagging,
      opened,
      refused: { ...this.#refused },
      published: ring.headSeq,
      rejected: { ...this.#rejected },
      delivered,
      replayed,
      bytes,
      gaps: { ...gaps },
      resumed: { ...resumed },
      closed: { ...this.#closedBy },
      log: { state, waiting: this.#appending, lag },
      ring: {
        events: ring.events,
        bytes: ring.bytes,
        from: ring.idOf(ring.start.position),
        head: ring.idOf(ring.head.position),
      },
    }
  }

  [TIME](onWritten: (took: number) => void): () => void {
    this.#onWritten.add(onWritten)
    this.#toWrite ??= this.#beginTiming()
    return () => {
      this.#onWritten.delete(onWritten)
      if (this.#onWritten.size === 0) this.#endTiming()
    }
  }

  async health(): Promise<{ ok: boolean; error?: unknown }> {
    if (this.#closing !== undefined) return { ok: false, error: closedError(this.#isClosed) }
    try {
      this.#following.start()
    } catch (error) {
      return { ok: false, error }
    }
    const { error } = this.#following
    return error === undefined ? { ok: this.#fanOut.isReady } : { ok: false, error }
  }

  close({ drain = 0 }: { drain?: number } = {}): Promise<void> {
    assertInteger('drain', drain, 0, MAX_DELAY)
    if (this.#closing !== undefined) return this.#closing
    let settle: (closing: Promise<void>) => void = () => {}
    this.#closing = new Promise((resolve) => {
      settle = resolve
    })
    // It is closing by now for whoever is called while streams end.
    settle(this.#close(drain))
    return this.#closing
  }

  async #close(drain: number): Promise<void> {
    this.#fanOut.flush()
    const connections = [...this.#limits.connections]
    if (drain > 0) await drainOver(connections, drain)
    endAll(connections)
    this.#isClosed = true
    this.#fanOut.end()
    await this.#following.stop()
    await this.#settings.log.release?.()
  }

  #beginTiming(): Stopwatch {
    const onArrival = (took: number): void => {
      for (const onWritten of this.#onWritten) onWritten(took)
    }
    const toWrite = new Stopwatch({ log: this.#settings.log, spacing: 0, onArrival })
    this.#fanOut.onFlushed = ({ position }) => toWrite.arrived(this.#fanOut.ring.epoch, position)
    return toWrite
  }

  #endTiming(): void {
    this.#toWrite = undefined
    this.#fanOut.onFlushed = undefined
  }

  #entryOf(topic: string, event: Publication): LogEntry {
    const { serialize, limits } = this.#settings
    try {
      return entryOf(topic, event, serialize, limits.eventBytes)
    } catch (error) {
      if (error instanceof SseError && error.code === 'SSE_LIMIT') this.#rejected.eventBytes++
      throw error
    }
  }

  #enter(connection: Connection): Refusal | undefined {
    // When it has closed, the platform does not know any more.
    if (this.#settings.onClose !== undefined) void connection.address
    const refusal = this.#closing === undefined ? this.#limits.enter(connection) : 'closed'
    if (refusal === undefined) {
      this.#revokeIfLate(connection)
      return undefined
    }
    this.#refused[refusal]++
    // Its source has opened the stream before it led here: it is going to be ended.
    if (connection.isOpen) this.#ended(connection, 'limit')
    return refusal
  }

  #left(connection: Connection, reason: CloseReason): void {
    if (this.#limits.leave(connection) && connection.wasOpened) this.#ended(connection, reason)
  }

  #ended(connection: Connection, reason: CloseReason): void {
    const { onClose, onError } = this.#settings
    this.#closedBy[reason]++
    if (onClose === undefined) return
    try {
      onClose(connection.info, reason)
    } catch (error) {
      onError(error, { stage: 'onClose' })
    }
  }

  #revoke(pick: (connection: ConnectionInfo) => boolean, last: Chunk | undefined): number {
    let count = 0
    for (const connection of this.#limits.connections) {
      if (!pick(connection.info)) continue
      connection.close('revoked', last)
      count++
    }
    const revocation = { pick, last, newest: newestNumber() }
    this.#revocations.add(revocation)
    afterTurn(() => afterTurn(() => this.#revocations.delete(revocation)))
    return count
  }

  /** Streams open a turn later than they are asked for: a client may have been let in before it was revoked, and come in after. */
  #revokeIfLate(connection: Connection): void {
    for (const { pick, last, newest } of this.#revocations) {
      if (connection.number > newest) continue
      // Then it has its topics.
      afterTurn(() => {
        try {
          if (!connection.isOver && pick(connection.info)) connection.close('revoked', last)
        } catch (error) {
          connection.fail(error, 'disconnect')
        }
      })
    }
  }

  /** Whatever stands in the log, reading it goes on. */
  #parse(data: string): Readonly<Record<string, unknown>> {
    try {
      return { ...JSON.parse(data) }
    } catch (error) {
      this.#settings.onError(error, { stage: 'log' })
      return { origin: this.#origin }
    }
  }

  /** What another node's hub has asked of all. */
  #control({ topic, data }: LogRecord): void {
    if (topic !== DISCONNECT) return
    const { principal, reason, origin } = this.#parse(data)
    if (typeof principal !== 'string' || origin === this.#origin) return
    const isTold = typeof reason === 'string' && reason.isWellFormed()
    const last = isTold ? Chunk.ofText(encodeEvent({ comment: reason }), 0) : undefined
    this.#revoke((connection) => connection.principal === principal, last)
  }
}

function closedError(isClosed: boolean): SseError {
  return new SseError('SSE_CLOSED', isClosed ? 'The hub is closed.' : 'The hub is being closed.')
}
