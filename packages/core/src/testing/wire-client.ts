import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EventParser, type ReceivedEvent } from './event-parser.ts'
import { readResponses, type WireResponse } from './http-response.ts'

/** One request of a {@link WireClient}. */
export interface WireRequest {
  readonly method?: string
  /** Beginning with a slash. */
  readonly path: string
  /** One line each, `Name: value`, as they are to be sent: one character for a byte. */
  readonly headers?: readonly string[]
  /** Sent with its length. */
  readonly body?: string
  /** Default `1.1`. */
  readonly version?: '1.0' | '1.1'
}

/** What a stream has sent so far. */
export interface WireStream {
  readonly events: readonly ReceivedEvent[]
  readonly comments: readonly string[]
  /** The reconnection time that was set last, in milliseconds. */
  readonly retry: number | undefined
  /** The id to resume with. */
  readonly lastEventId: string
}

/** A client that shows each byte it gets, reads only while it is told to, and waits for conditions with a bound. */
export class WireClient {
  readonly #socket: Socket
  readonly #host: string
  readonly #timeout: number
  readonly #methods: string[] = []
  readonly #waiting = new Set<() => void>()
  #segments: Buffer[] = []
  #hasEnded = false

  private constructor({ socket, host, timeout }: { socket: Socket; host: string; timeout: number }) {
    this.#socket = socket
    this.#host = host
    this.#timeout = timeout
    socket.on('data', (segment: Buffer) => {
      this.#segments.push(segment)
      this.#wake()
    })
    // That a server cuts the connection is what several rules are about.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#hasEnded = true
      this.#wake()
    })
  }

  /** @param timeout how long to wait for anything, in milliseconds. */
  static connect(url: URL, timeout: number): WireClient {
    const socket = connect({ port: Number(url.port), host: url.hostname.replace(/^\[|\]$/g, '') })
    return new WireClient({ socket, host: url.host, timeout })
  }

  /** Everything that has come. */
  get bytes(): Buffer {
    this.#segments = [Buffer.concat(this.#segments)]
    return this.#segments[0] ?? Buffer.alloc(0)
  }

  /** Whether the connection has been closed. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The responses so far; throws where the bytes are not HTTP. */
  get responses(): readonly WireResponse[] {
    return readResponses(this.bytes, { ended: this.#hasEnded, methods: this.#methods })
  }

  /** The last response so far, if its head has come. */
  get response(): WireResponse | undefined {
    return this.responses.at(-1)
  }

  /** The body of the last response so far. */
  get body(): string {
    return String(this.response?.body ?? '')
  }

  /** The body of the last response so far, as an event stream. */
  get stream(): WireStream {
    const comments: string[] = []
    const parser = new EventParser({ onComment: (text) => comments.push(text) })
    const events = [...parser.push(this.body)]
    return { events, comments, retry: parser.retry, lastEventId: parser.lastEventId }
  }

  /** Sends requests, in one packet. */
  send(...requests: readonly WireRequest[]): this {
    for (const { method = 'GET' } of requests) this.#methods.push(method)
    this.#socket.write(requests.map((request) => this.#textOf(request)).join(''), 'latin1')
    return this
  }

  /** Waits until the head of a response has come. */
  async head(count: number = 1): Promise<WireResponse> {
    await this.until('the head of a response', () => this.responses.length >= count)
    return this.responses[count - 1] as WireResponse
  }

  /** Waits until a response has come whole. */
  async whole(count: number = 1): Promise<WireResponse> {
    await this.until('a whole response', () => this.responses[count - 1]?.isComplete === true)
    return this.responses[count - 1] as WireResponse
  }

  /** Waits until the body of the last response holds a text. */
  untilBody(text: string): Promise<void> {
    return this.until(JSON.stringify(text), () => this.body.includes(text))
  }

  /** Waits until the last response has sent so many events. */
  async untilEvents(count: number): Promise<readonly ReceivedEvent[]> {
    await this.until(`${count} events`, () => this.stream.events.length >= count)
    return this.stream.events
  }

  /** Waits until the server has closed the connection. */
  untilEnd(): Promise<void> {
    return this.until('the end of the connection', () => this.#hasEnded)
  }

  /** Waits for a condition, which is looked at whenever something has come; not beyond the end of the connection. */
  async until(what: string, condition: () => boolean): Promise<void> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, this.#timeout)
    try {
      while (!condition()) {
        if (this.#hasEnded) throw new Error(`the connection was closed before ${what} came: ${this.#shown()}`)
        if (isLate) throw new Error(`waited ${this.#timeout} ms for ${what}; what came: ${this.#shown()}`)
        await new Promise<void>((resolve) => this.#waiting.add(resolve))
        // All that has come in one turn is looked at once.
        await nextTurn()
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Stops to read: what comes fills the kernel's buffers, then the server's. */
  pause(): this {
    this.#socket.pause()
    return this
  }

  /** Reads again. */
  resume(): this {
    this.#socket.resume()
    return this
  }

  /** Goes away, at once. Resolves when it has gone. */
  async leave(): Promise<void> {
    this.#socket.destroy()
    if (!this.#hasEnded) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
  }

  #textOf({ method = 'GET', path, headers = [], body, version = '1.1' }: WireRequest): string {
    const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
    const lines = [`${method} ${path} HTTP/${version}`, `Host: ${this.#host}`, ...headers, ...length]
    return `${lines.join('\r\n')}\r\n\r\n${body === undefined ? '' : Buffer.from(body).toString('latin1')}`
  }

  #shown(): string {
    const text = this.bytes.toString('latin1')
    return text === '' ? 'nothing' : JSON.stringify(text.length > 1_000 ? `…${text.slice(-1_000)}` : text)
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
