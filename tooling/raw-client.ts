import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A client that shows what comes over the wire, and reads only while it is told to. Gone when its test has finished. */
export class RawClient {
  readonly socket: Socket
  /** What has come, one character per byte. */
  received = ''
  #waiting: (() => void) | undefined

  /** @param options `reads`: whether it takes what comes; default true. */
  constructor(port: number, options: { readonly reads?: boolean } = {}) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.received += text
      this.#waiting?.()
    })
    // That a server cuts the connection is what several tests are about.
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.#waiting?.())
    if (options.reads === false) this.socket.pause()
    onTestFinished(() => void this.socket.destroy())
  }

  /** Sends a request without a body: `GET /prices`, and its headers, one a line. */
  request(line: string, ...headers: readonly string[]): this {
    this.socket.write([`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n'))
    return this
  }

  /** Resolves when `text` has come, with everything that has. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before ${JSON.stringify(text)} came: ${this.received}`)
      await new Promise<void>((resolve) => (this.#waiting = resolve))
    }
    return this.received
  }
}
