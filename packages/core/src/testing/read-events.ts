import { EventParser, type ReceivedEvent } from './event-parser.ts'

/** What to read, and when it is enough. Without `take` and `until`: everything, to the end of the stream. */
export interface ReadEventsOptions {
  /** Enough after so many events. */
  readonly take?: number
  /** Enough after the first event for which it is true; that one is included. */
  readonly until?: (event: ReceivedEvent) => boolean
  /** Sent as `Last-Event-ID` unless it is empty, as a browser does when it reconnects. */
  readonly lastEventId?: string
  /** Sent with the request; these win over the ones a browser would send. */
  readonly headers?: ConstructorParameters<typeof Headers>[0]
  /** Enough when it is aborted: what has arrived until then is the result. */
  readonly signal?: AbortSignal
  /** Told the text of every comment, in its place among the events. */
  readonly onComment?: (text: string) => void
}

/**
 * A stream that is being read: to be awaited for all its events, or iterated for one after the other. Both read on
 * from where the other is. Do not return one from an async function: that awaits it.
 */
export interface EventReading extends PromiseLike<ReceivedEvent[]>, AsyncIterableIterator<ReceivedEvent, undefined> {
  /** Resolves when the headers have arrived. Rejects if it is no event stream. */
  readonly response: Promise<Response>
  /** The last id so far, that of id-only blocks included: what to resume with. Empty if there is none. */
  readonly lastEventId: string
  /** The reconnection time that the stream has set last, in milliseconds. */
  readonly retry: number | undefined
  /** The next event. */
  next(): Promise<IteratorResult<ReceivedEvent, undefined>>
  /** Cancels the stream, also while a `next()` waits. Leaving a `for await` does. */
  return(): Promise<IteratorResult<ReceivedEvent, undefined>>
  [Symbol.asyncIterator](): EventReading
}

/**
 * Reads the events of a stream for a test, as a browser's `EventSource` would dispatch them, but without its
 * reconnecting. A request is sent at once. When it is enough, the stream is cancelled.
 *
 * Rejects, after the events before, if the answer is no event stream (the message has status, type and the beginning
 * of the body), or if the stream is cut instead of ended.
 *
 * @throws {TypeError} if `take` is no whole number from 0.
 */
export function readEvents(from: string | URL | Response, options: ReadEventsOptions = {}): EventReading {
  const { take } = options
  if (take !== undefined && !(Number.isInteger(take) && take >= 0)) throw new TypeError('`take` must be a whole number')
  return new Reading(from, options)
}

class Reading implements EventReading {
  readonly response: Promise<Response>
  readonly #options: ReadEventsOptions
  readonly #parser: EventParser
  readonly #events: AsyncGenerator<ReceivedEvent, undefined>
  readonly #request = new AbortController()
  #body: ReadableStreamDefaultReader<Uint8Array> | undefined
  #isStopped = false
  #all: Promise<ReceivedEvent[]> | undefined

  constructor(from: string | URL | Response, options: ReadEventsOptions) {
    this.#options = options
    this.#parser = new EventParser(options)
    this.#events = this.#read()
    const { signal } = options
    this.response = open(from, options, this.#request.signal)
    // Whoever waits for the response or the events gets its error; it is nobody's if nobody does.
    this.response.catch(() => signal?.removeEventListener('abort', this))
    if (signal?.aborted === true) this.#stop()
    else signal?.addEventListener('abort', this)
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }

  get retry(): number | undefined {
    return this.#parser.retry
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise of all events, as the interface says.
  then<A = ReceivedEvent[], B = never>(
    onFulfilled?: ((events: ReceivedEvent[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#all ??= this.#collect()
    return this.#all.then(onFulfilled, onRejected)
  }

  next(): Promise<IteratorResult<ReceivedEvent, undefined>> {
    return this.#events.next()
  }

  return(): Promise<IteratorResult<ReceivedEvent, undefined>> {
    // First, since a generator that waits for bytes does not return before they come.
    this.#stop()
    return this.#events.return(undefined)
  }

  [Symbol.asyncIterator](): EventReading {
    return this
  }

  /** Of the caller's signal. */
  handleEvent(): void {
    this.#stop()
  }

  async #collect(): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = []
    for await (const event of this.#events) events.push(event)
    return events
  }

  async *#read(): AsyncGenerator<ReceivedEvent, undefined> {
    const { take, until } = this.#options
    let count = 0
    try {
      if (take === 0) return undefined
      for await (const text of this.#texts()) {
        for (const event of this.#parser.push(text)) {
          count++
          if (count === take || until?.(event) === true) this.#stop()
          yield event
          if (this.#isStopped) return undefined
        }
      }
    } catch (error) {
      // What fails because it was stopped has not failed.
      if (!this.#isStopped) throw error
    } finally {
      this.#stop()
    }
    return undefined
  }

  async *#texts(): AsyncGenerator<string, void> {
    const { body } = await this.response
    if (this.#isStopped || body === null) return
    this.#body = body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await this.#body.read()
      if (done) return
      yield decoder.decode(value, { stream: true })
    }
  }

  #stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#options.signal?.removeEventListener('abort', this)
    const cancelled = this.#body?.cancel() ?? this.response.then(({ body }) => body?.cancel())
    // A stream that has failed cannot be cancelled, and need not be.
    cancelled.catch(() => {})
    this.#request.abort()
  }
}

async function open(from: string | URL | Response, options: ReadEventsOptions, signal: AbortSignal): Promise<Response> {
  const isUrl = typeof from === 'string' || from instanceof URL
  const response = isUrl ? await fetch(from, { headers: requestHeaders(options), signal }) : from
  if (isEventStream(response)) return response
  const type = response.headers.get('content-type') ?? 'no content type'
  const start = await bodyStart(response)
  throw new Error(`expected an event stream, got ${response.status} (${type}): ${start === '' ? 'no body' : start}`)
}

function requestHeaders({ headers, lastEventId = '' }: ReadEventsOptions): Headers {
  const all = new Headers({ Accept: 'text/event-stream', 'Cache-Control': 'no-cache' })
  // As bytes of UTF-8, one character each, which is what browsers send and the only thing `Headers` takes.
  if (lastEventId !== '') all.set('Last-Event-ID', String.fromCharCode(...new TextEncoder().encode(lastEventId)))
  new Headers(headers).forEach((value, name) => {
    all.set(name, value)
  })
  return all
}

function isEventStream({ status, headers }: Response): boolean {
  const [essence = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='))
  // Any other spelling makes Chromium give up.
  return status === 200 && essence.trim() === 'text/event-stream' && (charset ?? 'charset=utf-8') === 'charset=utf-8'
}

/** The first 200 bytes or so, or what has come of them within half a second: it may be a stream that stays open. */
async function bodyStart({ body }: Response): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const deadline = setTimeout(() => void reader.cancel(), 500)
  const decoder = new TextDecoder()
  let text = ''
  try {
    while (text.length < 200) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    await reader.cancel()
  } catch {
    text += '…'
  } finally {
    clearTimeout(deadline)
  }
  return text.slice(0, 200)
}
