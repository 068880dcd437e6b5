import type { Source, SourceFunction, SseStream } from '@sse/core'
import { isAttachable } from '@sse/core/adapter'
import { isObservable, Observable, type Subscriber, Subscription } from 'rxjs'
import { eventOf } from './message.ts'
import { type Events, isEvents, iterate, streamWith } from './source.ts'

/** The stream of one client, as the end of a line of interceptors. */
export class Outlet {
  /**
   * Resolves when all has been sent, or with what is to be streamed in place of what is emitted; rejects with what has
   * failed.
   */
  readonly ended: Promise<Source | void>
  readonly #stream: SseStream
  #resolve: (source?: Source) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #taken: Promise<boolean> = Promise.resolve(true)

  constructor(stream: SseStream) {
    this.#stream = stream
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Sends what an interceptor has emitted. */
  send(message: unknown): void {
    try {
      this.#taken = this.#stream.send(eventOf(message))
    } catch (error) {
      this.#reject(error)
    }
  }

  end(): void {
    this.#resolve()
  }

  fail(error: unknown): void {
    this.#reject(error)
  }

  /** The events of what a handler has given, for interceptors to see each; where that can be, at the client's pace. */
  eventsOf(source: Source): Observable<unknown> {
    if (source === null || isAttachable(source)) return this.#insteadOfEvents(source)
    if (typeof source === 'function') return this.#eventsOfFunction(source)
    if (isEvents(source)) return this.#eventsRead(source)
    if (isObservable(source)) return source
    return new Observable((subscriber) => {
      const subscription = source.subscribe(subscriber)
      return typeof subscription === 'function' ? subscription : () => subscription.unsubscribe()
    })
  }

  #insteadOfEvents(source: Source): Observable<never> {
    return new Observable(() => this.#resolve(source))
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
        if (!isEnded) iterator.return().catch(() => {})
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
      if (isPromise(result)) {
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

function isPromise(value: Source | void | Promise<Source | void>): value is Promise<Source | void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
