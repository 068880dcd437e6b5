import { get } from 'node:http'
import { connect } from 'node:http2'
import type { Readable } from 'node:stream'
import { createParser } from 'eventsource-parser'
import type { Protocol } from '../servers/site.ts'
import type { Mark } from './fuzz-routes.ts'
import type { Knowledge } from './requests.ts'

/** How many ids are remembered, for others to come with. */
const REMEMBERED = 3_000

/** A client that behaves, beside all others: it is to get every event, in order, for as long as it listens. */
export class Witness implements Knowledge {
  readonly ids: [id: string, n: number][] = []
  /** What went wrong. */
  readonly complaints: string[] = []
  /** The number of the last event that came. */
  last = -1
  #leave: () => void = () => {}

  /** Resolves when it listens to `/plain`. */
  static async listen(port: number, protocol: Protocol): Promise<Witness> {
    const witness = new Witness()
    await (protocol === 'http1' ? witness.#overHttp1(port) : witness.#overHttp2(port))
    return witness
  }

  leave(): void {
    this.#leave()
  }

  #overHttp1(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      get({ port, path: '/plain', headers: { accept: 'text/event-stream' } }, (response) => {
        this.#leave = () => response.destroy()
        this.#read(response)
        resolve()
      }).on('error', reject)
    })
  }

  #overHttp2(port: number): Promise<void> {
    const session = connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':path': '/plain', accept: 'text/event-stream' })
    this.#leave = () => session.destroy()
    this.#read(stream)
    return new Promise((resolve, reject) => {
      stream.once('response', () => resolve())
      session.once('error', reject)
    })
  }

  #read(response: Readable): void {
    const parser = createParser({
      onEvent: ({ id = '', event, data }) => {
        if (event !== undefined) return this.complaints.push(`the witness got ${event}: ${data}`)
        const { of, n }: Mark = JSON.parse(data)
        if (of !== 'plain' || (this.last >= 0 && n !== this.last + 1)) {
          this.complaints.push(`the witness got ${data} after ${this.last}`)
        }
        this.last = n
        this.ids.push([id, n])
        if (this.ids.length > REMEMBERED) this.ids.shift()
        return undefined
      },
    })
    response.setEncoding('utf8')
    response.on('data', (text: string) => parser.feed(text))
    response.on('end', () => this.complaints.push('the stream of the witness ended'))
    response.on('error', ({ message }) => {
      if (!response.destroyed) this.complaints.push(`the stream of the witness broke: ${message}`)
    })
  }
}
