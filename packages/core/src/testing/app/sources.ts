import type { ObservableLike, Source, SourceFunction } from '../../connection/source.ts'
import type { SseStream } from '../../connection/stream.ts'
import { nextTurn } from '../../connection/turn.ts'
import type { SseEvent } from '../../wire/event.ts'
import type { Journal } from './journal.ts'

/** What an error before the stream is open is answered with: its own status, so that no adapter can guess it. */
export const FAILURE_STATUS = 418

/** What an error after that says: it must not reach the client. */
export const SECRET = 'the password is swordfish'

/** What every finite source sends. */
export const FINITE: readonly (SseEvent | string)[] = ['a', { event: 'named', data: { b: [1] }, id: '7' }, { data: '' }]

const PAYLOAD = 'x'.repeat(32 * 1024)
/** More than every kernel and every client hold while nobody reads. */
const FLOOD = (64 * 1024 * 1024) / PAYLOAD.length

/** Sources that note in a journal what becomes of them. */
export class Sources {
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Sends something of its own before it is a subscription. */
  greeted(subscription: () => Source): SourceFunction {
    return ({ send }) => {
      void send({ event: 'greeting', data: 'hello' })
      return subscription()
    }
  }

  /** Notes that a source has been asked for. */
  asked(name: string, source: Source): Source {
    this.#note(name, 'asked')
    return source
  }

  async *finite(name: string): AsyncGenerator<SseEvent | string> {
    this.#note(name, 'started')
    yield* FINITE
  }

  finiteStream(): ReadableStream<SseEvent | string> {
    return new ReadableStream({
      start: (controller) => {
        for (const event of FINITE) controller.enqueue(event)
        controller.close()
      },
    })
  }

  finiteObservable(): ObservableLike {
    return {
      subscribe: (observer) => {
        for (const event of FINITE) observer.next(event)
        observer.complete()
        return { unsubscribe: () => {} }
      },
    }
  }

  /** Awaits what it sends, and notes what that resolved to. */
  finiteFunction(): SourceFunction {
    return async ({ send }) => {
      for (const event of FINITE) this.#note('function', `sent ${await send(event)}`)
    }
  }

  async *empty(): AsyncGenerator<string> {
    // It has nothing to say.
  }

  async *saying(texts: readonly string[]): AsyncGenerator<string> {
    yield* texts
  }

  /** Waits for its signal, once it has sent what it has. */
  idleGenerator(name: string, events: readonly string[] = ['first']): SourceFunction {
    return ({ signal }) => {
      this.#watch(name, signal)
      return this.#idle(name, signal, events)
    }
  }

  /** Waits for what never comes, whatever its signal says: only `return` ends it. */
  idleIterator(name: string): AsyncIterable<string> {
    const values = ['first']
    return {
      [Symbol.asyncIterator]: () => {
        this.#note(name, 'started')
        return {
          next: () => {
            const value = values.pop()
            return value === undefined ? new Promise(() => {}) : Promise.resolve({ done: false, value })
          },
          return: () => {
            this.#note(name, 'returned')
            return Promise.resolve({ done: true, value: undefined })
          },
        }
      },
    }
  }

  idleObservable(name: string): ObservableLike {
    return {
      subscribe: (observer) => {
        this.#note(name, 'started')
        observer.next('first')
        return { unsubscribe: () => this.#note(name, 'unsubscribed') }
      },
    }
  }

  /** Begins when it is read, as streams do: the first value of a stream is asked for before anybody reads it. */
  idleStream(name: string): SourceFunction {
    return () =>
      new ReadableStream<string>({
        start: (controller) => {
          this.#note(name, 'started')
          controller.enqueue('first')
        },
        cancel: () => this.#note(name, 'cancelled'),
      })
  }

  /** Holds its stream open, and notes how it closes. */
  idleFunction(name: string): SourceFunction {
    return ({ signal, closed }) => {
      this.#watch(name, signal)
      void closed.then((reason) => this.#note(name, `closed ${reason}`))
    }
  }

  throws(): SourceFunction {
    return () => {
      throw failure()
    }
  }

  rejects(): SourceFunction {
    return () => Promise.reject(failure())
  }

  // biome-ignore lint/correctness/useYield: it does not get that far.
  async *generatorFails(): AsyncGenerator<string> {
    throw failure()
  }

  streamFails(): SourceFunction {
    return () => new ReadableStream({ start: (controller) => controller.error(failure()) })
  }

  observableFails(): ObservableLike {
    return {
      subscribe: (observer) => {
        observer.error(failure())
        return () => {}
      },
    }
  }

  /** What JavaScript may hand over for a source. */
  none(): Source {
    const none: unknown = { no: 'source' }
    return none as Source
  }

  async *generatorFailsLater(): AsyncGenerator<string> {
    yield 'first'
    throw new Error(SECRET)
  }

  observableFailsLater(): ObservableLike {
    return {
      subscribe: (observer) => {
        observer.next('first')
        void nextTurn().then(() => observer.error(new Error(SECRET)))
        return () => {}
      },
    }
  }

  /** Its second event cannot be framed. */
  async *badEvent(): AsyncGenerator<SseEvent | string> {
    yield 'first'
    yield { event: `${SECRET}\nevent: forged`, data: '' }
  }

  /** Sends more than anybody takes who does not read, and awaits none of it. */
  flood(name: string): SourceFunction {
    return (stream) => {
      this.#watch(name, stream.signal)
      void stream.closed.then((reason) => this.#note(name, `closed ${reason}`))
      void pour(stream)
    }
  }

  /** Has as much, numbered, but waits until somebody asks for it. */
  async *much(name: string): AsyncGenerator<string> {
    try {
      for (let n = 0; n < FLOOD; n++) {
        this.#note(name, 'yielded')
        yield `${n} ${PAYLOAD}`
      }
      this.#note(name, 'finished')
    } finally {
      this.#note(name, 'returned')
    }
  }

  /** Says what the request's body was, and something else when the request has long been read. */
  async *echo(body: unknown): AsyncGenerator<string> {
    yield JSON.stringify(body)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    yield 'still here'
  }

  async *#idle(name: string, signal: AbortSignal, events: readonly string[]): AsyncGenerator<string> {
    try {
      yield* events
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    } finally {
      this.#note(name, 'returned')
    }
  }

  #watch(name: string, signal: AbortSignal): void {
    this.#note(name, 'started')
    signal.addEventListener('abort', () => this.#note(name, 'aborted'), { once: true })
  }

  #note(name: string, what: string): void {
    this.#journal.note(`${name} ${what}`)
  }
}

async function pour({ send, signal }: SseStream): Promise<void> {
  for (let n = 0; n < FLOOD && !signal.aborted; n++) {
    void send(PAYLOAD)
    await nextTurn()
  }
}

function failure(): Error {
  return Object.assign(new Error('refused by its source'), { status: FAILURE_STATUS })
}
