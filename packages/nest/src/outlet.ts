import type { Source, SourceFunction, SseEvent, SseStream } from '@sse/core'
import { isAttachable, mapEvents } from '@sse/core/adapter'
import { isObservable, Observable, type Subscriber, Subscription } from 'rxjs'
import { eventOf } from './message.ts'
import { type Events, isEvents, iterate, streamWith } from './source.ts'
import { isThenable } from './thenable.ts'

type Attachable = Parameters<typeof mapEvents>[0]

/** The stream of one client, as the end of a line of interceptors. */
export class Outlet {
  /**
   * Resolves when all has been sent, or with a source to stream in place of what is emitted; rejects with what has failed.
   */
  readonly ended: Promise<Source | void>
  readonly #stream: SseStream
  readonly #report: (error: unknown) => void
  #resolve: (source?: Source) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #taken: Promise<boolean> = Promise.resolve(true)
  /** What comes out while an event of a hub goes in: its place in the stream is the event's own. */
  #mapped: (SseEvent | string)[] | undefined
  /** Whether a hub feeds the stream, whose ids are its own. */
  #isHubs = false
  #failure: { readonly error: unknown } | undefined

  /** @param report is told what fails when it is too late for anybody else to be. */
  constructor(stream: SseStream, report: (error: unknown) => void) {
    this.#stream = stream
    this.#report = report
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Sends what an interceptor has emitted. */
  send(message: unknown): void {
    try {
      const event = eventOf(message)
      if (this.#mapped !== undefined) this.#mapped.push(event)
      else this.#taken = this.#stream.send(this.#isHubs ? withoutId(event) : event)
    } catch (error) {
      this.fail(error)
    }
  }

  end(): void {
    this.#resolve()
    if (!this.#isHubs) return
    // After what is being written.
    if (this.#mapped !== undefined) queueMicrotask(() => this.#stream.close())
    else this.#stream.close()
  }

  fail(error: unknown): void {
    this.#reject(error)
    if (!this.#isHubs) return
    // Who is asking what becomes of an event is told.
    if (this.#mapped !== undefined) this.#failure ??= { error }
    else {
      this.#report(error)
      this.#stream.close()
    }
  }

  /** The events of what a handler has given, for interceptors to see each; where that can be, at the client's pace. */
  eventsOf(source: Source): Observable<unknown> {
    if (source === null) return new Observable(() => this.#resolve(null))
    if (isAttachable(source)) return this.#eventsOfHub(source)
    if (typeof source === 'function') return this.#eventsOfFunction(source)
    if (isEvents(source)) return this.#eventsRead(source)
    if (isObservable(source)) return source
    return new Observable((subscriber) => {
      const subscription = source.subscribe(subscriber)
      return typeof subscription === 'function' ? subscription : () => subscription.unsubscribe()
    })
  }

  /**
   * A hub goes on feeding the stream: with each event it asks what has become of it. What comes out at once takes its
   * place, with its id. What comes later is sent as it comes, without one.
   */
  #eventsOfHub(source: Attachable): Observable<unknown> {
    return new Observable((subscriber) => {
      this.#isHubs = true
      this.#resolve(mapEvents(source, (event) => this.#through(subscriber, event)))
    })
  }

  #through(subscriber: Subscriber<unknown>, event: unknown): readonly (SseEvent | string)[] {
    const mapped: (SseEvent | string)[] = []
    this.#mapped = mapped
    try {
      subscriber.next(event)
    } finally {
      this.#mapped = undefined
    }
    if (this.#failure !== undefined) throw this.#failure.error
    return mapped
  }

  /** Reads the next event when the client has taken what became of the last. */
  #eventsRead(events: Events): Observable<unknown> {
    return new Observable((subscriber) => {
      const iterator = iterate(events)
      let isEnded = false
      const read = async (): Promise<void> => {
        while (!subscriber.closed) {
          const { done, value } = await iterator.next()
          isEnded = done === true
          if (isEnded) return subscriber.complete()
          subscriber.next(value)
          await this.#taken
        }
      }
      read().catch((error: unknown) => {
        isEnded = true
        subscriber.error(error)
      })
      return () => {
        if (!isEnded) iterator.return().catch(this.#report)
      }
    })
  }

  #eventsOfFunction(source: SourceFunction): Observable<unknown> {
    return new Observable((subscriber) => {
      const all = new Subscription()
      const stream = streamWith(this.#stream, (event) => {
        subscriber.next(event)
        return this.#taken
      })
      const result = source(stream)
      if (isThenable(result)) {
        result.then(
          (value) => (value === undefined ? subscriber.complete() : this.#goOn(value, subscriber, all)),
          (error: unknown) => subscriber.error(error),
        )
      } else if (result !== undefined) this.#goOn(result, subscriber, all)
      return all
    })
  }

  #goOn(source: Source, subscriber: Subscriber<unknown>, all: Subscription): void {
    if (!subscriber.closed) all.add(this.eventsOf(source).subscribe(subscriber))
  }
}

function withoutId(event: SseEvent | string): SseEvent | string {
  if (typeof event === 'string' || event?.id === undefined) return event
  const { id: _id, ...rest } = event
  return rest
}
