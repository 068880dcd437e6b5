import type { ObservableLike, Source, SourceFunction, SseEvent, SseStream } from '@sse/core'
import { isAttachable } from '@sse/core/adapter'
import { eventOf } from './message.ts'
import { isThenable } from './thenable.ts'

/** What a source gives, one after the other, whatever it is. */
export type Events = AsyncIterable<unknown> | ReadableStream<unknown>

/** Whether it is one of the kinds that a handler may give to be streamed. */
export function isSource(value: unknown): value is Source {
  if (typeof value === 'function' || value === null) return true
  return typeof value === 'object' && (isAttachable(value as Source) || isEvents(value) || isObservableLike(value))
}

export function isEvents(value: unknown): value is Events {
  return typeof value === 'object' && value !== null && ('getReader' in value || Symbol.asyncIterator in value)
}

export function isObservableLike(value: unknown): value is ObservableLike {
  return typeof value === 'object' && value !== null && 'subscribe' in value && typeof value.subscribe === 'function'
}

/**
 * The same source, whose events may be as Nest calls them. A subscription of a hub is itself: its events are the hub's.
 * So is what is no source: the core refuses it.
 */
export function standardSource(source: Source): Source {
  if (source === null) return source
  if (typeof source === 'function') return standardFunction(source)
  if (isAttachable(source)) return source
  if (isEvents(source)) return new StandardEvents(source)
  return isObservableLike(source) ? standardObservable(source) : source
}

function standardFunction(source: SourceFunction): SourceFunction {
  return (stream) => {
    const result = source(standardStream(stream))
    return isThenable(result) ? result.then(standardResult) : standardResult(result)
  }
}

function standardResult(result: Source | void): Source | void {
  return result === undefined ? undefined : standardSource(result)
}

/** A stream that is sent events as Nest calls them. */
function standardStream(stream: SseStream): SseStream {
  return streamWith(stream, (event) => stream.send(eventOf(event)))
}

/** A stream that sends in another way. Getters, since asking for the signal or the end of a stream costs. */
export function streamWith(stream: SseStream, send: SseStream['send']): SseStream {
  return {
    get lastEventId() {
      return stream.lastEventId
    },
    get signal() {
      return stream.signal
    },
    get closed() {
      return stream.closed
    },
    send,
    comment: stream.comment,
    close: stream.close,
  }
}

function standardObservable(source: ObservableLike): ObservableLike {
  return {
    subscribe: ({ next, error, complete }) =>
      source.subscribe({ next: (value) => next(eventOf(value)), error, complete }),
  }
}

/** Events that are read one by one. A stream is let go of also in the middle of a read, or unread. */
class StandardEvents implements AsyncIterable<SseEvent | string> {
  readonly #events: Events

  constructor(events: Events) {
    this.#events = events
  }

  [Symbol.asyncIterator](): AsyncIterator<SseEvent | string> {
    const iterator = iterate(this.#events)
    return {
      next: async () => {
        const { done, value } = await iterator.next()
        return done === true ? { done, value: undefined } : { done: false, value: eventOf(value) }
      },
      return: async () => {
        await iterator.return()
        return { done: true, value: undefined }
      },
    }
  }

  /** Asked of a source that is never started. */
  destroy(): void {
    drop(this.#events)
  }
}

/** What is read one by one, and can be let go of at any time. */
export interface EventsIterator {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>
  return(): Promise<unknown>
}

export function iterate(events: Events): EventsIterator {
  if ('getReader' in events) {
    const reader = events.getReader()
    return { next: () => reader.read(), return: () => reader.cancel() }
  }
  const iterator = events[Symbol.asyncIterator]()
  return { next: async () => iterator.next(), return: async () => iterator.return?.() }
}

/** Lets go of a source that is never started. */
export function drop(source: unknown): void {
  if (source instanceof ReadableStream) {
    if (!source.locked) source.cancel().catch(() => {})
  } else if (isEvents(source) && 'destroy' in source && typeof source.destroy === 'function') {
    source.destroy()
  }
}
