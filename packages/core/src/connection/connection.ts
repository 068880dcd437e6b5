import { encodeEvent } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import type { SseEvent } from '../wire/event.ts'
import { STREAM_HEADERS } from '../wire/headers.ts'
import type { LastEventId } from '../wire/last-event-id.ts'
import { type Chunk, COMMENT } from './chunk.ts'
import type { Beating } from './heartbeat.ts'
import { type CloseReason, drawRetry, type Host, type Refusal } from './host.ts'
import { nextNumber } from './numbers.ts'
import type { StreamSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import type { ResponseHead, Sink, SinkOwner } from './sink.ts'

/** A connection as `hub.connections` shows it: a picture of the moment. */
export interface ConnectionInfo {
  readonly id: string
  readonly principal: string | undefined
  readonly address: string | undefined
  readonly topics: readonly string[]
  /** When the client came; its stream may be open a little later. */
  readonly openedAt: Date
  /** The id up to which the client has been served. */
  readonly cursor: string | undefined
  /** Lagging: the client has not taken what was written; nothing more is until it does. */
  readonly state: 'live' | 'lagging'
  /** Bytes that wait in this process for the client to take them. */
  readonly bufferedBytes: number
}

/** What feeds a connection: a hub's cursor, or the pump of a source. */
export interface Feed {
  /** The topics and the cursor, where there are any. */
  readonly topics: readonly string[]
  readonly cursor: string | undefined
  /** Whether the ids of the stream are the feed's own, so that no other event may carry one. */
  readonly ownsIds: boolean
  /** The sink has room again. */
  drained(): void
  /** What a heartbeat writes now. */
  beat(): Chunk
  /** The stream is over: lets go of everything. */
  closed(reason: CloseReason): void
}

/** What is known of a client before its stream opens. */
export interface ConnectionOptions {
  readonly sink: Sink
  readonly host: Host
  readonly settings: StreamSettings
  readonly lastEventId: LastEventId
  readonly address: string | undefined
  /** Whether the client is an `EventSource`, which takes any status but 200 as final. */
  readonly acceptsStream: boolean
}

/** Who decides when a stream opens. */
export interface Opening {
  /** The application has sent something: it is time. */
  commit(): void
  /** The application has ended the stream. */
  end(): void
}

/** How long a client that found no room waits before it tries again, in milliseconds. */
const REFUSED_MIN = 5_000
const REFUSED_MAX = 15_000

type State = 'pending' | 'open' | 'ending' | 'closed'

/** One client, from request to close. */
export class Connection implements SinkOwner, Beating {
  readonly sink: Sink
  readonly settings: StreamSettings
  readonly lastEventId: LastEventId
  readonly acceptsStream: boolean
  /** The sink is full: whoever writes waits for `drained`. */
  isFull = false
  writtenAt = 0
  #address: string | undefined
  #host: Host
  #state: State = 'pending'
  #number = nextNumber()
  readonly #openedAt = Date.now()
  #wasOpened = false
  #reason: CloseReason | undefined
  #feed: Feed | undefined
  #outbox: Outbox | undefined
  #abort: AbortController | undefined
  #closed: Promise<CloseReason> | undefined
  #resolveClosed: ((reason: CloseReason) => void) | undefined
  #opening: Opening | undefined
  #isCounted = false
  #mayWait = false
  #progress = 0
  #progressAt = 0

  constructor({ sink, host, settings, lastEventId, address, acceptsStream }: ConnectionOptions) {
    this.sink = sink
    this.settings = settings
    this.lastEventId = lastEventId
    this.#address = address
    this.acceptsStream = acceptsStream
    this.#host = host
    sink.own(this)
  }

  /** Grows from one connection of this process to the next. */
  get number(): number {
    return this.#number
  }

  get host(): Host {
    return this.#host
  }

  /** Where the client is. Asking the platform costs, and it knows only as long as the client is there. */
  get address(): string | undefined {
    this.#address ??= this.sink.address
    return this.#address
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get wasOpened(): boolean {
    return this.#wasOpened
  }

  /** Whether what feeds it never ends by itself. */
  get isEndless(): boolean {
    return this.#feed?.ownsIds === true
  }

  /** Closed, or about to: nothing more will be written. */
  get isOver(): boolean {
    return this.#state === 'ending' || this.#state === 'closed'
  }

  /** Whether a chunk may be written now. */
  get isWritable(): boolean {
    return this.#state === 'open' && !this.isFull
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.isOver) this.#abort.abort()
    return this.#abort.signal
  }

  get closed(): Promise<CloseReason> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#reason === undefined) this.#resolveClosed = resolve
      else resolve(this.#reason)
    })
    return this.#closed
  }

  get info(): ConnectionInfo {
    return {
      id: String(this.#number),
      principal: this.settings.principal,
      address: this.address,
      topics: this.#feed?.topics ?? [],
      openedAt: new Date(this.#openedAt),
      cursor: this.#feed?.cursor,
      state: this.isFull ? 'lagging' : 'live',
      bufferedBytes: this.sink.bufferedBytes + (this.#outbox?.bufferedBytes ?? 0),
    }
  }

  /**
   * Enters a host: has itself counted, or answers what there is no room for, or that its time has passed. Then it is to be
   * refused.
   *
   * A connection belongs to one host; a hub's subscription brings its hub along.
   */
  enter(host: Host = this.#host): Refusal | 'expired' | undefined {
    if (this.#isCounted && host === this.#host) return undefined
    if (this.#isCounted) this.#host.leave(this, 'complete')
    this.#host.heartbeat.delete(this)
    this.#host = host
    const refusal = host.enter(this)
    this.#isCounted = refusal === undefined
    // Also where there is no room: an open stream is ended then, and may stall while it ends. One that is not open may expire.
    if (this.#state === 'open' || this.settings.expiresAt !== undefined) host.heartbeat.add(this)
    return refusal ?? (this.#hasExpired ? 'expired' : undefined)
  }

  /** Names what feeds the connection from now on: after what the application has sent so far. */
  feed(feed: Feed): void {
    this.#feed = feed
    this.#outbox?.drain()
  }

  /** Names who decides when the stream opens, for what the application does before. */
  awaitOpening(opening: Opening): void {
    this.#opening = opening
  }

  /** Opens the stream with a first frame at once: `retry`, then `lines`. Throws what the platform does if it cannot. */
  open(lines: string = ':\n\n'): void {
    if (this.#state !== 'pending') return
    const { status, headers, retry } = this.settings
    const first = `retry: ${retry ?? this.#host.retry()}\n${lines}`
    const hasRoom = this.sink.open({ status, defaults: STREAM_HEADERS, headers }, first)
    this.#state = 'open'
    this.#wasOpened = true
    this.#host.heartbeat.add(this)
    this.#wrote(first.length, 0, hasRoom)
    this.#outbox?.drain()
  }

  /** Answers without a stream. */
  respond(status: number | undefined, defaults: Readonly<Record<string, string>> = {}): void {
    this.#answer('complete', { status, defaults })
  }

  /** Lets go of everything without having written anything: somebody else answers. */
  abandon(): void {
    if (this.#state !== 'pending') return
    this.sink.release()
    this.#left()
    this.#settle('error')
  }

  /** Ends the stream after what was sent, once it is open. */
  complete(): void {
    if (this.#state === 'pending' && this.#opening !== undefined) this.#opening.end()
    else this.close('complete')
  }

  /** Writes a chunk. False: taken, but the sink is full now. Not to be called while `isFull`. */
  write(chunk: Chunk): boolean {
    try {
      return this.#wrote(chunk.bytes.length, chunk.events, this.sink.write(chunk))
    } catch (error) {
      this.fail(error, 'write')
      return false
    }
  }

  /** Queues a frame of the application's own. False: await `room()` before the next. */
  push(frame: string, settle?: (taken: boolean) => void): boolean {
    if (this.isOver) {
      settle?.(false)
      return false
    }
    this.#outbox ??= new Outbox(this, this.settings.maxBufferedBytes)
    const hasRoom = this.#outbox.push(frame, settle)
    if (this.#state === 'pending') this.#opening?.commit()
    return hasRoom
  }

  /** Resolves when `push` has room again, or the stream is over. */
  room(): Promise<void> {
    return this.isOver || this.#outbox === undefined ? Promise.resolve() : this.#outbox.room()
  }

  /** Encodes an event of the application's own. */
  encode(event: SseEvent | string): string {
    const whole = typeof event === 'string' ? { data: event } : event
    if (this.#feed?.ownsIds === true && whole?.id !== undefined) {
      throw new SseError(
        'SSE_INVALID_FIELD',
        "Field `id` is the hub's own in a stream of a subscription: leave it out.",
      )
    }
    return encodeEvent(whole, this.#host.serialize)
  }

  overflowed(): void {
    this.close('slow')
  }

  drained(): void {
    if (!this.isFull) return
    this.isFull = false
    this.#outbox?.drain()
    if (this.isWritable) this.#feed?.drained()
  }

  gone(): void {
    if (this.#state === 'ending') this.#left()
    else this.close('client')
  }

  tick(now: number): void {
    if (this.#hasExpired) this.close('expired')
    if (this.#state === 'pending' || this.#hasLeft) return
    const { stallTimeout } = this.#host.heartbeat
    if (this.sink.hasVanished?.(stallTimeout, now) === true) return this.#stalled()
    if (!this.#mayWait || this.#hasLeft) return
    // A sink can be full of what it does not count: that waits in a compressing middleware.
    const progress = this.isFull || this.sink.bufferedBytes > 0 ? this.sink.progress : undefined
    if (progress === undefined) {
      this.#mayWait = false
      if (this.#state === 'ending') this.#left()
    } else if (progress !== this.#progress) {
      this.#progress = progress
      this.#progressAt = now
    } else if (now - this.#progressAt >= stallTimeout) {
      this.#stalled()
    }
  }

  beat(): void {
    if (this.isWritable) this.write(this.#feed?.beat() ?? COMMENT)
  }

  /** Something of the application's failed: reports it and ends the stream. The client learns no more than that. */
  fail(error: unknown, stage: string): void {
    // What stops because its client has gone has not failed.
    if (!this.isOver || !isAbortError(error)) this.report(error, stage)
    this.close('error')
  }

  /** Reports an error to whoever listens; a listener that throws is reported too. */
  report(error: unknown, stage: string): void {
    const { onError } = this.settings
    if (onError === undefined) return this.#host.onError(error, { stage })
    try {
      onError(error, { stage })
    } catch (thrown) {
      this.#host.onError(thrown, { stage: 'onError' })
    }
  }

  /**
   * Closes the stream. A client that is too slow is cut, since ending waits for it; all others get what was sent.
   *
   * @param last goes out after everything else.
   */
  close(reason: CloseReason, last?: Chunk): void {
    if (this.isOver) return
    // A client that waits for an answer gets one.
    if (this.#state === 'pending' && reason !== 'client') this.#openAtLast()
    if (this.isOver) return
    const wasOpen = this.#state === 'open'
    const isCut = reason === 'slow' || reason === 'stalled'
    if (wasOpen && !isCut && reason !== 'client') this.#outbox?.finish()
    // What finishing wrote may have found the peer gone.
    if (this.isOver) return
    this.#state = isCut || reason === 'client' ? 'closed' : 'ending'
    this.#settle(reason)
    if (reason === 'client' || !wasOpen) return this.#left()
    if (isCut) {
      this.sink.destroy()
      return this.#left()
    }
    if (last !== undefined) this.write(last)
    this.sink.end()
    this.#mayWait = true
    if (this.sink.bufferedBytes === 0) this.#left()
  }

  /**
   * Tells the client that there is no room. A browser takes any status but 200 as final, so it gets a stream
   * that ends, and a time to come back; everyone else the status that says it. Who has come too late gets a stream that ends.
   */
  refuse(refusal: Refusal | 'expired'): void {
    if (refusal === 'expired') return this.close('expired')
    if (this.#state !== 'pending') return this.close('limit')
    const delay = drawRetry(REFUSED_MIN, REFUSED_MAX)
    if (this.acceptsStream) {
      return this.#answer('limit', { status: 200, defaults: STREAM_HEADERS, text: `retry: ${delay}\n\n` })
    }
    const status = refusal === 'perPrincipal' || refusal === 'perAddress' ? 429 : 503
    this.#answer('limit', { status, defaults: { 'Retry-After': String(Math.ceil(delay / 1_000)) } })
  }

  #answer(reason: CloseReason, { text, ...head }: Omit<ResponseHead, 'headers'> & { readonly text?: string }): void {
    if (this.#state !== 'pending') return
    this.sink.respond({ ...head, headers: this.settings.headers }, text)
    this.#left()
    this.#settle(reason)
  }

  get #hasLeft(): boolean {
    return this.#state === 'closed'
  }

  get #hasExpired(): boolean {
    const { expiresAt } = this.settings
    return expiresAt !== undefined && Date.now() >= expiresAt
  }

  #openAtLast(): void {
    try {
      this.open()
    } catch (error) {
      this.report(error, 'write')
      this.abandon()
    }
  }

  #wrote(bytes: number, events: number, hasRoom: boolean): boolean {
    const { traffic, heartbeat } = this.#host
    traffic.delivered += events
    traffic.bytes += bytes
    this.writtenAt = heartbeat.now
    if (!this.#mayWait) {
      this.#mayWait = true
      this.#progressAt = heartbeat.now
    }
    if (!hasRoom) this.isFull = true
    return hasRoom
  }

  #stalled(): void {
    if (this.#state === 'open') return this.close('stalled')
    this.sink.destroy()
    this.#left()
  }

  /** Tells everyone that the stream is over, once. */
  #settle(reason: CloseReason): void {
    this.#reason = reason
    this.#feed?.closed(reason)
    this.#outbox?.close()
    this.#outbox = undefined
    this.#abort?.abort()
    this.#opening = undefined
    this.#resolveClosed?.(reason)
    if (this.#isCounted) this.#host.leave(this, reason)
    this.#isCounted = false
    this.#feed = undefined
  }

  /** Nothing more will happen on this connection. */
  #left(): void {
    this.#state = 'closed'
    this.#host.heartbeat.delete(this)
  }
}

function isAbortError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError'
}
