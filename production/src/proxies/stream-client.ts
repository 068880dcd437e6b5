import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { createParser, type EventSourceMessage } from 'eventsource-parser'

/** How long anything may take, in milliseconds: what is held back comes later, or never. */
const PATIENCE = 10_000

/** An event, and when it came: of `performance.now()`. */
export interface ArrivedEvent extends EventSourceMessage {
  readonly at: number
}

/** How a stream has ended: by its server, or in the middle of it. */
export type Ending = 'ended' | 'cut'

/** A client on a connection of its own, as a browser makes one for a stream. */
export class StreamClient {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** How long the head took, in milliseconds from the request on. */
  readonly headAfter: number
  /** How the stream has ended, when it has. */
  readonly ending: Promise<Ending>
  /** The reconnection time that was sent last, in milliseconds. */
  retry: number | undefined
  /** What has come so far, but for events. */
  text = ''
  readonly #response: IncomingMessage
  readonly #agent: Agent
  readonly #sentAt: number
  readonly #events: ArrivedEvent[] = []
  readonly #firstAfter: Promise<number>
  #wake: () => void = () => {}

  private constructor(response: IncomingMessage, agent: Agent, sentAt: number) {
    this.status = response.statusCode ?? 0
    this.headers = response.headers
    this.headAfter = performance.now() - sentAt
    this.#response = response
    this.#agent = agent
    this.#sentAt = sentAt
    this.#firstAfter = once(response, 'data').then(() => performance.now() - this.#sentAt)
    this.#firstAfter.catch(() => {})
    this.ending = this.#read()
  }

  /** Sends a request, and answers when its head has come. */
  static async open(url: string, options: RequestOptions = {}): Promise<StreamClient> {
    const agent = new Agent({ keepAlive: true })
    const sentAt = performance.now()
    const headers = { accept: 'text/event-stream', ...options.headers }
    const sent = request(url, { ...options, agent, headers })
    const response = once(sent, 'response', { signal: AbortSignal.timeout(PATIENCE) })
    sent.end()
    const [message]: IncomingMessage[] = await response
    if (message === undefined) throw new Error('There is no response')
    return new StreamClient(message, agent, sentAt)
  }

  /** How long the first frame took, in milliseconds from the request on. */
  firstFrame(): Promise<number> {
    return within(this.#firstAfter, 'the first frame')
  }

  /** The next event that was not asked for yet. */
  async next(): Promise<ArrivedEvent> {
    const deadline = performance.now() + PATIENCE
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      const left = Math.max(0, deadline - performance.now())
      const woken = new Promise<'woken'>((resolve) => {
        this.#wake = () => resolve('woken')
      })
      const what = await Promise.race([woken, this.ending, pause(left, 'late' as const, { ref: false })])
      if (what !== 'woken' && this.#events.length === 0) throw new Error(`The stream was ${what} before an event came`)
    }
  }

  /** Goes away: closes its connection without another word. */
  leave(): void {
    this.#response.destroy()
    this.#agent.destroy()
  }

  async #read(): Promise<Ending> {
    const parser = createParser({
      onEvent: (event) => this.#events.push({ ...event, at: performance.now() }),
      onRetry: (retry) => {
        this.retry = retry
      },
    })
    const isCompressed = this.headers['content-encoding'] === 'gzip'
    const body = isCompressed ? this.#response.pipe(createGunzip()) : this.#response
    body.setEncoding('utf8')
    body.on('data', (text: string) => {
      this.text += text
      parser.feed(text)
      this.#wake()
    })
    // That it is cut is what several tests are about.
    this.#response.on('error', () => {})
    await new Promise((resolve) => this.#response.once('close', resolve))
    this.#agent.destroy()
    return this.#response.complete ? 'ended' : 'cut'
  }
}

/** What a promise resolves with, unless that takes too long. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const giveUp = new AbortController()
  const late = pause(PATIENCE, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`It took longer than ${PATIENCE} ms: ${what}`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    giveUp.abort()
    late.catch(() => {})
  }
}
