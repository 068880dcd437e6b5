import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import { readResponses, type WireResponse } from '../src/testing/http-response.ts'

/** A client that shows each byte it gets, and reads only when it is told to. Gone when its test has finished. */
export class RawClient {
  readonly socket: Socket
  /** What has come, as it came. */
  readonly segments: Buffer[] = []
  /** Whether the server has closed the connection. */
  hasEnded = false
  #length = 0
  #joined = { segments: 0, bytes: Buffer.alloc(0) }
  readonly #methods: string[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (segment) => {
      this.segments.push(segment)
      this.#length += segment.length
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.hasEnded = true
      this.#wake()
    })
  }

  /** @param options `reads`: whether it takes what comes; default true. `tls`: over TLS, whoever the server is. */
  static connect(port: number, options: { readonly reads?: boolean; readonly tls?: boolean } = {}): RawClient {
    const at = { port, host: '127.0.0.1' }
    const socket = options.tls === true ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at)
    onTestFinished(() => void socket.destroy())
    const client = new RawClient(socket)
    if (options.reads === false) socket.pause()
    return client
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length
  }

  /** Everything that has come. */
  get bytes(): Buffer {
    const { segments } = this
    if (this.#joined.segments < segments.length) {
      const bytes = Buffer.concat([this.#joined.bytes, ...segments.slice(this.#joined.segments)])
      this.#joined = { segments: segments.length, bytes }
    }
    return this.#joined.bytes
  }

  /** The responses so far; throws where the bytes are not HTTP. */
  get responses(): readonly WireResponse[] {
    return readResponses(this.bytes, { ended: this.hasEnded, methods: this.#methods })
  }

  /** The body of the last response so far. */
  get body(): string {
    return String(this.responses.at(-1)?.body ?? '')
  }

  /** Sends requests, in one packet. */
  request(...requests: readonly (string | { readonly head: string; readonly body?: string })[]): this {
    const texts = requests.map((request) => (typeof request === 'string' ? { head: request } : request))
    for (const { head } of texts) this.#methods.push(head.slice(0, head.indexOf(' ')))
    const lines = ({ head, body = '' }: { head: string; body?: string }): string =>
      `${head}${head.includes('HTTP/') ? '' : ' HTTP/1.1'}\r\nHost: localhost\r\n${bodyLength(body)}\r\n${body}`
    this.socket.write(texts.map(lines).join(''))
    return this
  }

  /** Sends bytes as they are. */
  send(text: string, method: string = 'GET'): this {
    this.#methods.push(method)
    this.socket.write(text, 'latin1')
    return this
  }

  /** Resolves when a condition holds, which is looked at whenever something comes. Rejects if the end comes first. */
  async until(condition: (client: this) => boolean): Promise<this> {
    while (!condition(this)) {
      if (this.hasEnded) throw new Error(`the connection has ended after ${this.#length} bytes`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
      // All that has come in one turn is looked at once.
      await nextTurn()
    }
    return this
  }

  /** Resolves when the body of the last response has come to hold a text. */
  async untilBody(text: string): Promise<this> {
    return this.until(({ body }) => body.includes(text))
  }

  /** Resolves when so many responses have come whole. */
  async untilComplete(count: number = 1): Promise<this> {
    return this.until(({ responses }) => responses.filter(({ isComplete }) => isComplete).length >= count)
  }

  /** Resolves when the server has closed the connection. */
  async untilEnd(): Promise<this> {
    return this.hasEnded ? this : this.until(({ hasEnded }) => hasEnded)
  }

  /** Stops to read; what comes fills the kernel's buffers, then the server's. */
  pause(): this {
    this.socket.pause()
    return this
  }

  resume(): this {
    this.socket.resume()
    return this
  }

  /** Goes away, at once. */
  leave(): void {
    this.socket.destroy()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function bodyLength(body: string): string {
  return body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
}
