import { type IncomingMessage, OutgoingMessage, type ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Chunk } from '../connection/chunk.ts'
import { type ResponseHead, type Sink, type SinkOwner, setHeaders } from '../connection/sink.ts'
import { peers } from './peer-watch.ts'

/** Of a compressing middleware: what makes it pass on what it holds. */
interface Flushable {
  flush?: () => void
}

/** Whether the head has been handed to the socket: `headersSent` is true from `writeHead` on. */
interface WithHead {
  _headerSent?: boolean
}

/** What a socket's handle tells about the part of a write that the kernel has not taken yet. */
interface WithHandle {
  _handle?: Handle | null
}

/** That of TLS has the handle of its connection below it, and counts a write until all of it has left. */
interface Handle {
  readonly writeQueueSize?: number
  readonly _parent?: Handle
}

/** A response of HTTP/2, in its compatible form, has a stream. */
interface WithStream {
  readonly stream?: ServerHttp2Stream
}

/** What middleware may have set for HTTP/1.1, and Node refuses to send over HTTP/2: the response would fail. It drops `Connection` itself. */
const OF_HTTP1 = ['Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings']

/**
 * The code with which a stream of HTTP/2 is cut. With the one that Node would take, NO_ERROR, it would look complete.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-7
 */
const CANCEL = 0x8

/** So much of a write is handed to a stream of HTTP/2, in bytes, until that has been taken: of a part of it nobody hears. */
const PART = 64 * 1024

/**
 * A response of `node:http`, or of `node:http2` in its compatible form.
 *
 * Where nothing stands between the response and its socket, a chunk goes to the socket as it is, already in chunked
 * coding: that spares each client the response's own bookkeeping, most of the cost of a delivery outside the kernel.
 * Everywhere else (compression, pipelining, HTTP/1.0, bytes still queued in front) it goes through `response.write`.
 */
export class NodeSink implements Sink {
  readonly isHead: boolean
  readonly #response: ServerResponse
  #owner: SinkOwner | undefined
  #onDrain: (() => void) | undefined
  #draining: Socket | undefined
  #isWatchingResponse = false
  #hasEnded = false
  #writtenThrough = 0
  /** Of a write to HTTP/2: what has not been handed over yet. */
  #rest: Uint8Array | undefined

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.isHead = request.method === 'HEAD'
    this.#response = response
  }

  own(owner: SinkOwner): void {
    this.#owner = owner
    const { stream } = this.#response as WithStream
    if (stream !== undefined) destroyWhenReset(stream)
    this.#response.on('close', () => {
      this.#rest = undefined
      // The socket may go on to serve other requests.
      if (this.#onDrain !== undefined) this.#draining?.off('drain', this.#onDrain)
      owner.gone()
    })
  }

  hasVanished(patience: number, now: number): boolean {
    const { destroyed, socket, req } = this.#response
    // Pipelined behind another one, and its connection was taken for a tunnel: no 'close' comes for it.
    if (socket === null && req.socket.destroyed) this.#owner?.gone()
    // Of one that is pipelined nothing is on its way.
    return Boolean(socket) && !destroyed && peers.hasVanished(req.socket, patience, now)
  }

  get address(): string | undefined {
    return this.#response.req.socket.remoteAddress
  }

  get isGone(): boolean {
    const { destroyed, headersSent, socket, req } = this.#response
    // HTTP/2 takes the socket away from a stream that has closed; a pipelined response has none yet.
    return destroyed || headersSent || socket === undefined || (socket ?? req.socket).destroyed
  }

  get bufferedBytes(): number {
    const { writableLength, writableFinished } = this.#response
    const bytes = writableLength + (this.#rest?.length ?? 0)
    // What a compressing middleware still holds is counted nowhere.
    return this.#hasEnded && !writableFinished ? Math.max(1, bytes) : bytes
  }

  get progress(): number {
    const { socket, req, writableLength } = this.#response
    // A socket of HTTP/2 belongs to many streams, and does not count what it writes.
    if (!socket || req.httpVersionMajor !== 1) return this.#writtenThrough - writableLength
    const { _handle: handle } = socket as WithHandle
    return socket.bytesWritten - socket.writableLength - ((handle?._parent ?? handle)?.writeQueueSize ?? 0)
  }

  open(head: ResponseHead, first: string): boolean {
    const response = this.#response
    this.#setHead(head)
    // One packet for the head and the first frame. HTTP/2 lets nobody touch its socket.
    const socket = response.req.httpVersionMajor === 1 ? response.socket : null
    socket?.cork()
    try {
      response.flushHeaders()
      return socket !== null && isDirect(response, socket)
        ? socket.write(`${first.length.toString(16)}\r\n${first}\r\n`) || this.#waitForSocket(socket)
        : this.#writeThrough(first)
    } finally {
      // Also where a middleware throws that waits for the head: its error is answered on the same socket.
      socket?.uncork()
    }
  }

  release(): void {
    // What listens to the response goes with it.
  }

  respond(head: ResponseHead, text?: string): void {
    this.#setHead(head)
    this.#response.end(text)
  }

  write(chunk: Chunk): boolean {
    const response = this.#response
    const socket = response.socket
    if (socket !== null && isDirect(response, socket)) {
      return socket.write(chunk.coded) || this.#waitForSocket(socket)
    }
    return this.#writeThrough(chunk.bytes)
  }

  end(): void {
    this.#hasEnded = true
    if (this.#rest === undefined) this.#response.end()
  }

  /** Hands over what has not been yet, room or not: somebody else is about to end the response. */
  handRest(): void {
    if (this.#rest === undefined) return
    this.#hand(this.#rest)
    this.#rest = undefined
  }

  destroy(): void {
    const response = this.#response
    // Pipelined behind another response: when its turn came, it would be sent as far as it got, and then hang.
    if (response.socket === null) response.once('socket', (socket: Socket) => socket.destroy())
    ;(response as WithStream).stream?.close(CANCEL)
    response.destroy()
  }

  #writeThrough(data: string | Uint8Array): boolean {
    const response = this.#response
    // Ended by the application: 'close' will follow, and until then a write is an error that nobody hears.
    if (response.writableEnded || response.destroyed) return false
    const isInParts = data.length > PART && typeof data !== 'string' && response.req.httpVersionMajor === 2
    this.handRest()
    this.#rest = isInParts ? data : undefined
    const hasRoom = isInParts ? this.#handParts() : this.#hand(data)
    return hasRoom || this.#waitForResponse()
  }

  #hand(data: string | Uint8Array): boolean {
    const response = this.#response
    const hasRoom = response.write(data)
    this.#writtenThrough += data.length
    ;(response as Flushable).flush?.()
    return hasRoom
  }

  /** Hands over as much of the rest as there is room for; answers whether there is room for more than that. */
  #handParts(): boolean {
    while (this.#rest !== undefined) {
      const rest = this.#rest
      this.#rest = rest.length > PART ? rest.subarray(PART) : undefined
      if (!this.#hand(rest.subarray(0, PART))) return false
    }
    return true
  }

  #setHead(head: ResponseHead): void {
    const { status, defaults, headers } = head
    const response = this.#response
    if (status !== undefined) response.statusCode = status
    // Nothing to merge: spares each client the response's own table of headers.
    if (headers.length === 0 && response.getHeaderNames().length === 0) {
      response.writeHead(response.statusCode, defaults)
      return
    }
    if (response.req.httpVersionMajor === 2) for (const name of OF_HTTP1) response.removeHeader(name)
    setHeaders(head, response)
  }

  #waitForSocket(socket: Socket): false {
    if (this.#draining !== undefined) return false
    this.#draining = socket
    socket.once('drain', this.#listener())
    return false
  }

  /** `compression` moves the listener to its own stream, where it cannot be removed: so it is added once, and stays. */
  #waitForResponse(): false {
    if (!this.#isWatchingResponse) this.#response.on('drain', this.#listener())
    this.#isWatchingResponse = true
    return false
  }

  #listener(): () => void {
    this.#onDrain ??= () => {
      this.#draining = undefined
      const hasRoom = this.#handParts()
      if (this.#hasEnded && this.#rest === undefined) this.#response.end()
      if (hasRoom) this.#owner?.drained()
    }
    return this.#onDrain
  }
}

/**
 * Destroys a stream of HTTP/2 that its peer has reset. Where the peer says NO_ERROR, Node lets it end what it reads, and then waits
 * until what was written has been taken: by nobody, any more.
 */
function destroyWhenReset(stream: ServerHttp2Stream): void {
  stream.once('end', () => stream.closed && stream.destroy())
}

/**
 * Whether a chunk may go to the socket past the response: HTTP/1.1 with chunked coding, the head sent, nothing of the
 * response waiting in front, not ended, and `write` nobody's but Node's.
 */
function isDirect(response: ServerResponse, socket: Socket): boolean {
  return (
    response.chunkedEncoding &&
    (response as WithHead)._headerSent === true &&
    !response.writableEnded &&
    response.write === OutgoingMessage.prototype.write &&
    response.writableLength === socket.writableLength &&
    !socket.destroyed
  )
}
