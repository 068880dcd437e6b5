import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { onTestFinished } from 'vitest'
import { eventStream } from '../src/connection/event-stream.ts'
import type { StreamOptions } from '../src/connection/options.ts'
import type { Source } from '../src/connection/source.ts'
import { nextTurn } from '../src/connection/turn.ts'

/** How a client asks for a stream. */
export interface ClientRequest extends StreamOptions {
  /** Sent as `Last-Event-ID`; nothing if `undefined`. */
  readonly lastEventId?: string | undefined
  readonly method?: string
  /** Default: what an `EventSource` sends. */
  readonly accept?: string
  readonly signal?: AbortSignal
}

/**
 * A client of a Web stream that is read at the test's own pace: who does not read is a slow client. What it reads is
 * interpreted by `eventsource-parser`, and kept as it came, too. Gone when its test has finished.
 */
export class StreamClient {
  readonly response: Response
  /** Each write of the server, the very object it wrote. */
  readonly writes: Uint8Array[] = []
  /** What a browser would dispatch. */
  readonly events: EventSourceMessage[] = []
  /** Every block of the stream as it came, without the blank line: also comments and frames of an id alone. */
  readonly blocks: string[] = []
  /** What a browser would send when it reconnects. */
  lastEventId: string | undefined
  /** The reconnection time in milliseconds that the stream has set last. */
  retry: number | undefined
  /** `ended` by the server, `cut` by it, or neither so far. */
  state: 'open' | 'ended' | 'cut' = 'open'
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  readonly #parser = createParser({
    onEvent: (event) => this.events.push(event),
    onId: (id) => {
      this.lastEventId = id
    },
    onRetry: (retry) => {
      this.retry = retry
    },
  })
  #unfinished = ''
  #taken = 0
  #flow: Promise<void> | undefined

  constructor(response: Response) {
    this.response = response
    if (response.body === null) throw new Error(`There is no stream, but status ${response.status}.`)
    this.#reader = response.body.getReader()
  }

  /** Asks for a stream, and has it as soon as it is open. */
  static async open(source: Source, request: ClientRequest = {}): Promise<StreamClient> {
    const client = new StreamClient(await askFor(source, request))
    onTestFinished(() => client.leave())
    return client
  }

  /** The `data` of all events so far. */
  get data(): string[] {
    return this.events.map(({ data }) => data)
  }

  /** The gaps among the events so far. */
  get gaps(): { reason: string; from: string | null; to: string; snapshot: boolean }[] {
    return this.events.filter(({ event }) => event === 'sse.gap').map(({ data }) => JSON.parse(data))
  }

  /** Everything that was read, as text. */
  get text(): string {
    return this.blocks.map((block) => `${block}\n\n`).join('') + this.#unfinished
  }

  /** Reads one write; false if the stream is over. */
  async read(): Promise<boolean> {
    if (this.state !== 'open') return false
    try {
      const { done, value } = await this.#reader.read()
      if (value !== undefined) this.#take(value)
      if (done) this.state = 'ended'
    } catch {
      this.state = 'cut'
    }
    return this.state === 'open'
  }

  /** Reads on until a condition holds, or the stream is over. */
  async until(condition: () => boolean): Promise<this> {
    while (!condition() && (await this.read()));
    return this
  }

  /** Reads the next events, as many, or what there is before the end. */
  async take(count: number): Promise<EventSourceMessage[]> {
    const from = this.#taken
    this.#taken += count
    await this.until(() => this.events.length >= this.#taken)
    return this.events.slice(from, this.#taken)
  }

  /** Reads to the end. */
  toEnd(): Promise<this> {
    return this.until(() => false)
  }

  /** Reads in the background from now on, as fast as a client can. */
  flow(): this {
    this.#flow ??= this.toEnd().then(() => {})
    return this
  }

  /** Reads what the server has written by now and in its next turns. */
  async settle(): Promise<this> {
    this.flow()
    await turns()
    return this
  }

  /** Goes away. */
  async leave(): Promise<void> {
    await this.#reader.cancel().catch(() => {})
    await this.#flow
  }

  #take(bytes: Uint8Array): void {
    this.writes.push(bytes)
    const text = this.#decoder.decode(bytes, { stream: true })
    this.#parser.feed(text)
    const blocks = (this.#unfinished + text).split('\n\n')
    this.#unfinished = blocks.pop() ?? ''
    this.blocks.push(...blocks)
  }
}

/** Asks for a stream, and gets the response whatever it is. */
export function askFor(source: Source, request: ClientRequest = {}): Promise<Response> {
  const { lastEventId, method = 'GET', accept = 'text/event-stream', signal, ...options } = request
  const headers = { Accept: accept, ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) }
  const init = { method, headers, ...(signal !== undefined && { signal }) }
  return eventStream(new Request('http://localhost/', init), source, options)
}

/** Lets the event loop turn, so often that everything that was begun without a timer is done. */
export async function turns(count: number = 5): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}
