import { encodeEvent } from '../wire/encode.ts'
import type { SseEvent } from '../wire/event.ts'
import type { Connection } from './connection.ts'
import type { CloseReason } from './host.ts'

/** One client's stream, as the application sees it. Its methods may be taken off it. */
export interface SseStream {
  /** Where the client was, if it said so and it can be an id. From a client: hostile until looked up. */
  readonly lastEventId: string | undefined
  /** Aborted when the stream closes, for whatever reason. */
  readonly signal: AbortSignal
  /** Resolves with the reason when the stream has closed. */
  readonly closed: Promise<CloseReason>
  /**
   * Sends an event; a string is the `data` of one. Resolves true once the sink has taken it, false if the stream
   * closed before; always settles. Await it, or what waits for a slow client grows to `maxBufferedBytes`.
   *
   * @throws {SseError} `SSE_INVALID_FIELD`, before anything is written, if the event cannot be framed.
   */
  send(event: SseEvent | string): Promise<boolean>
  /** Sends a comment, which clients ignore. Settles like `send`. */
  comment(text?: string): Promise<boolean>
  /** Ends the stream after what was sent. */
  close(): void
}

/** What the application gets of a connection. Getters give the methods, so that they may be taken off it. */
class ApplicationStream implements SseStream {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get lastEventId(): string | undefined {
    return this.#connection.lastEventId.id
  }

  get signal(): AbortSignal {
    return this.#connection.signal
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed
  }

  get send(): SseStream['send'] {
    return (event) => this.#push(this.#connection.encode(event))
  }

  get comment(): SseStream['comment'] {
    return (text = '') => this.#push(encodeEvent({ comment: text }))
  }

  get close(): SseStream['close'] {
    return () => this.#connection.complete()
  }

  #push(frame: string): Promise<boolean> {
    return new Promise((resolve) => void this.#connection.push(frame, resolve))
  }
}

/** A connection as the application sees it. */
export function streamOf(connection: Connection): SseStream {
  return new ApplicationStream(connection)
}
