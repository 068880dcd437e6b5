import type { HeaderEntry } from '../wire/headers.ts'
import type { Chunk } from './chunk.ts'

/** The status and headers of a response. */
export interface ResponseHead {
  /** `undefined`: what the framework has set, else 200. */
  readonly status: number | undefined
  /** Headers that give way to what the application or its middleware has set. */
  readonly defaults: Readonly<Record<string, string>>
  /** Headers that win. */
  readonly headers: readonly HeaderEntry[]
}

/** What headers are set on: a response of Node's as it is, others by way of a few lines. */
export interface HeaderTarget {
  hasHeader(name: string): boolean
  setHeader(name: string, value: string | readonly string[]): unknown
  appendHeader(name: string, value: string | readonly string[]): unknown
}

/** Sets the headers of a response: its defaults give way to those that are there, the application's own win. */
export function setHeaders({ defaults, headers }: ResponseHead, target: HeaderTarget): void {
  for (const name in defaults) {
    const value = defaults[name]
    if (value !== undefined && !target.hasHeader(name)) target.setHeader(name, value)
  }
  for (const [name, value] of headers) {
    // Cookies add up: that of a session must survive.
    if (name.toLowerCase() === 'set-cookie') target.appendHeader(name, value)
    else target.setHeader(name, value)
  }
}

/** Gives a framework its response: the head, and the body that it is to send, a text, or nothing. */
export type Respond<Body> = (head: ResponseHead, body?: Body | string) => void

/** Whom a sink tells what happens to it. */
export interface SinkOwner {
  /** A sink that was full has room again. */
  drained(): void
  /** The peer has gone, or the sink was destroyed. May come more than once. */
  gone(): void
}

/**
 * Where a connection's bytes go: a Node response or a Web stream.
 *
 * Ending it and cutting it are two operations: an `end` waits until the peer has taken everything, which a stalled
 * peer never does.
 */
export interface Sink {
  /** Names the one who is told; called once, before anything else. */
  own(owner: SinkOwner): void
  /** Whether the peer has gone, or somebody else has begun to answer it. Asked before the sink is opened. */
  readonly isGone: boolean
  /** Whether the request asks for the headers alone. */
  readonly isHead: boolean
  /** Where the peer is, if the platform knows. */
  readonly address: string | undefined
  /** Sends the head and the first frame, which is ASCII, flushed. Answers like `write`. */
  open(head: ResponseHead, first: string): boolean
  /** Lets go of the request, of which nothing was answered: somebody else does. */
  release(): void
  /** Sends a response that is no stream: an empty one, unless it has a text. */
  respond(head: ResponseHead, text?: string): void
  /** Takes a chunk. False: taken, but now it is full, and `drained` will follow. */
  write(chunk: Chunk): boolean
  /** Ends the response after what was written. */
  end(): void
  /** Cuts it now; what waits is dropped. */
  destroy(): void
  /**
   * Whether the peer has vanished, where the platform knows: it has acknowledged nothing for nearly `patience` milliseconds. Asked about
   * once a second from when it is open, with the time of the heartbeat's clock.
   */
  hasVanished?(patience: number, now: number): boolean
  /** Bytes written that have not left. */
  readonly bufferedBytes: number
  /** Changes whenever the peer has taken bytes. */
  readonly progress: number
}
