import { SseError } from '../wire/error.ts'
import type { SseEvent } from '../wire/event.ts'
import type { Connection } from './connection.ts'
import { HOST } from './host.ts'
import type { SseStream } from './stream.ts'

/** What RxJS and others call an observable; only `subscribe` is used. */
export interface ObservableLike {
  subscribe(observer: {
    next(value: SseEvent | string): void
    error(error: unknown): void
    complete(): void
  }): { unsubscribe(): void } | (() => void)
}

/** The method by which a source of this library takes over a connection. */
export const ATTACH: unique symbol = Symbol('attach')

/** A source that feeds connections itself: a subscription of a hub. */
export interface Attachable {
  /**
   * Feeds the connection from now on: opens it if it is not open yet, or answers that there is nothing to come.
   */
  [ATTACH](connection: Connection): void
}

/** A source that is made for one client: called when the stream begins, with the stream. */
export type SourceFunction = (stream: SseStream) => Source | void | Promise<Source | void>

/**
 * What a handler streams. `null` means that there is nothing and never will be: it answers 204, the only thing that
 * makes an `EventSource` stop. A function that returns nothing holds the stream open until `stream.close()`; a promise
 * of nothing means that the work is done, and ends it.
 */
export type Source =
  | Attachable
  | AsyncIterable<SseEvent | string>
  | ReadableStream<SseEvent | string>
  | ObservableLike
  | SourceFunction
  | null

/** Whether a source takes over the connection itself. */
export function isAttachable(source: Source): source is Attachable {
  return typeof source === 'object' && source !== null && ATTACH in source
}

/**
 * Starts a source that sends its own events, and answers how to stop it.
 *
 * @param end is told, once, how it ended: with an error or without.
 * @throws {SseError} `SSE_INVALID_FIELD` if it is none of the kinds a source may be.
 */
export function startSource(source: object, connection: Connection, end: (error?: unknown) => void): () => void {
  if (typeof source !== 'object') throw invalidSource()
  // It has a `subscribe`, too, which takes topics.
  if (HOST in source) {
    throw new SseError('SSE_INVALID_FIELD', 'The `source` is a hub: stream what `hub.subscribe(topics)` gives.')
  }
  if ('getReader' in source && typeof source.getReader === 'function')
    return pumpStream(source as ReadableStream, connection, end)
  if (Symbol.asyncIterator in source) return pumpIterable(source as AsyncIterable<SseEvent | string>, connection, end)
  if ('subscribe' in source && typeof source.subscribe === 'function') {
    return observe(source as ObservableLike, connection, end)
  }
  throw invalidSource()
}

function invalidSource(): SseError {
  return new SseError(
    'SSE_INVALID_FIELD',
    'The `source` must be a subscription, async iterable, ReadableStream, observable, function or null.',
  )
}

/** Lets go of a source that was never started. */
export function dropSource(source: unknown): void {
  if (typeof source !== 'object' || source === null) return
  if (source instanceof ReadableStream) {
    if (!source.locked) source.cancel().catch(() => {})
  } else if ('destroy' in source && typeof source.destroy === 'function') {
    // A readable stream of Node's: an async iterable that holds a file or a socket.
    source.destroy()
  }
}

/** What iterators and the readers of streams have in common. */
interface Pull {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  stop(): unknown
}

function pumpIterable(
  iterable: AsyncIterable<SseEvent | string>,
  connection: Connection,
  end: (error?: unknown) => void,
): () => void {
  const iterator = iterable[Symbol.asyncIterator]()
  return pump({ next: () => iterator.next(), stop: () => iterator.return?.() }, connection, end)
}

function pumpStream(stream: ReadableStream, connection: Connection, end: (error?: unknown) => void): () => void {
  const reader = stream.getReader()
  return pump({ next: () => reader.read(), stop: () => reader.cancel() }, connection, end)
}

/** Reads at the client's pace. Stopping does not wait for a value that may never come. */
function pump(pull: Pull, connection: Connection, end: (error?: unknown) => void): () => void {
  let isRunning = true
  let isPulling = false
  const run = async (): Promise<void> => {
    while (isRunning) {
      isPulling = true
      const { done, value } = await pull.next()
      isPulling = false
      if (!isRunning) return
      if (done === true) {
        isRunning = false
        return end()
      }
      if (!connection.push(connection.encode(value as SseEvent | string))) await connection.room()
    }
  }
  const stop = (): void => {
    if (!isRunning) return
    isRunning = false
    settleQuietly(pull.stop, connection)
  }
  run().catch((error: unknown) => {
    if (!isRunning) return connection.fail(error, 'source')
    // What fails by itself has ended: there is nothing left to stop.
    if (isPulling) isRunning = false
    else stop()
    end(error)
  })
  return stop
}

/** What a source says while it is being stopped concerns nobody but the error handler. */
function settleQuietly(stop: () => unknown, connection: Connection): void {
  const report = (error: unknown): void => connection.report(error, 'source')
  try {
    Promise.resolve(stop()).catch(report)
  } catch (error) {
    report(error)
  }
}

function observe(observable: ObservableLike, connection: Connection, end: (error?: unknown) => void): () => void {
  let isRunning = true
  const finish = (...errors: [] | [unknown]): void => {
    if (!isRunning) return
    isRunning = false
    // A synchronous observable ends before `subscribe` has returned.
    if (subscription !== undefined) unsubscribe()
    end(...errors)
  }
  let subscription: ReturnType<ObservableLike['subscribe']> | undefined
  const unsubscribe = (): void => {
    if (typeof subscription === 'function') subscription()
    else subscription?.unsubscribe()
  }
  subscription = observable.subscribe({
    next: (value) => {
      if (!isRunning) return
      try {
        connection.push(connection.encode(value))
      } catch (error) {
        finish(error)
      }
    },
    error: (error) => finish(error ?? new SseError('SSE_CLOSED', 'The observable failed without an error.')),
    complete: () => finish(),
  })
  if (!isRunning) unsubscribe()
  return () => {
    if (!isRunning) return
    isRunning = false
    settleQuietly(unsubscribe, connection)
  }
}
