import { connect, type Socket } from 'node:net'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import { type Body, bodyAfter } from './body.ts'

/** Before a stream has said otherwise, in milliseconds: browsers have about as much. */
const DEFAULT_RETRY = 3_000

/** All sockets of a process read into one buffer: what is in it is taken before the next read. */
const buffer = Buffer.alloc(64 * 1024)

/** Where an `EventSource` connects to, and whom it tells what. */
export interface EventSourceOptions {
  readonly path: string
  /** From where: one of the loopback addresses. Default: as the system likes. */
  readonly localAddress?: string
  /** The ports of 127.0.0.1 at which the service can be found now, each tried where nobody listened at the one before. */
  ports(): readonly number[]
  /** Somebody listens where it has tried. */
  onConnect?(): void
  /** A stream has begun. */
  onOpen?(): void
  onEvent(event: EventSourceMessage): void
  /** The service answered what makes a browser give up for good. */
  onFail?(head: string): void
}

/** What a browser's `EventSource` does, over a plain socket: thousands of them fit into a process. */
export class LightEventSource {
  lastEventId = ''
  /** The reconnection time, in milliseconds. */
  retry = DEFAULT_RETRY
  /** A response has begun and not ended; also one that only tells to come back later. */
  isOpen = false
  readonly #options: EventSourceOptions
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: EventSourceOptions) {
    this.#options = options
  }

  /** Connects, now and whenever it is to come back. */
  connect(): void {
    this.#connectTo(this.#options.ports(), 0)
  }

  /** Takes nothing any more, and does not go. */
  stall(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connectTo(ports: readonly number[], nth: number): void {
    const { path, localAddress, onConnect } = this.#options
    const port = ports[nth]
    if (port === undefined) return this.#comeBack()
    const response = new Response(this, this.#options)
    let hasConnected = false
    const socket = connect({
      host: '127.0.0.1',
      port,
      ...(localAddress !== undefined && { localAddress }),
      onread: {
        buffer,
        callback(length) {
          if (!socket.destroyed && !response.take(buffer.toString('latin1', 0, length))) socket.destroy()
          return true
        },
      },
    })
    this.#socket = socket
    socket.on('connect', () => {
      hasConnected = true
      onConnect?.()
    })
    // Whatever happens to it, 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isOpen = false
      if (this.#isClosed || response.hasFailed) return
      if (hasConnected) this.#comeBack()
      else this.#connectTo(ports, nth + 1)
    })
    const id = this.lastEventId === '' ? '' : `Last-Event-ID: ${this.lastEventId}\r\n`
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n${id}\r\n`)
  }

  #comeBack(): void {
    this.#timer = setTimeout(() => this.connect(), this.retry)
  }
}

/** One response, as an `EventSource` takes it. */
class Response {
  hasFailed = false
  readonly #source: LightEventSource
  readonly #options: EventSourceOptions
  readonly #parser: EventSourceParser
  #head = ''
  #body: Body | undefined

  constructor(source: LightEventSource, options: EventSourceOptions) {
    this.#source = source
    this.#options = options
    this.#parser = createParser({
      onEvent: options.onEvent,
      onId: (id) => {
        source.lastEventId = id
      },
      onRetry: (retry) => {
        source.retry = retry
      },
    })
  }

  /** False: it has ended. */
  take(piece: string): boolean {
    const text = this.#body === undefined ? this.#takeHead(piece) : piece
    if (this.#body === undefined) return !this.hasFailed
    this.#parser.feed(this.#body.take(text))
    return !this.#body.isOver
  }

  #takeHead(piece: string): string {
    this.#head += piece
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return ''
    const head = this.#head.slice(0, end)
    if (!head.startsWith('HTTP/1.1 200 ') || !/\r\ncontent-type: text\/event-stream/i.test(head)) {
      this.hasFailed = true
      this.#options.onFail?.(head)
      return ''
    }
    this.#source.isOpen = true
    this.#options.onOpen?.()
    this.#body = bodyAfter(head)
    const rest = this.#head.slice(end + 4)
    this.#head = ''
    return rest
  }
}
