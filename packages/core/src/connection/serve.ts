import { STREAM_HEADERS } from '../wire/headers.ts'
import { type Chunk, COMMENT } from './chunk.ts'
import type { Connection, Feed } from './connection.ts'
import type { CloseReason } from './host.ts'
import {
  ATTACH,
  type Attachable,
  dropSource,
  isAttachable,
  type Source,
  type SourceFunction,
  startSource,
} from './source.ts'
import { streamOf } from './stream.ts'

const NOW: Promise<void> = Promise.resolve()

/**
 * Streams a source to a client. Opening is lazy: nothing is written until the source exists and has not failed.
 *
 * @param ready is awaited before anything is written: until then, outer middleware may still set headers.
 * @returns when the stream has opened or was answered otherwise; the client may be gone by then.
 * @throws what the source threw before the stream was open; nothing has been written then.
 */
export function serve(connection: Connection, source: Source, ready: Promise<void> = NOW): Promise<void> {
  const { sink, settings } = connection
  if (connection.isOver || sink.isGone) {
    dropSource(source)
    connection.close('client')
    return NOW
  }
  if (sink.isHead) {
    dropSource(source)
    return whenReady(connection, ready, () => {
      if (source === null) connection.respond(204)
      else connection.respond(settings.status, STREAM_HEADERS)
    })
  }
  if (isAttachable(source)) return whenReady(connection, ready, () => source[ATTACH](connection))
  const refusal = connection.enter()
  if (refusal !== undefined) {
    dropSource(source)
    return whenReady(connection, ready, () => connection.refuse(refusal))
  }
  return new Promise((resolve, reject) => new SourceRun({ connection, ready, resolve, reject }).begin(source))
}

/** Answers as soon as nobody sets headers any more, unless the client has gone or was answered meanwhile. */
function whenReady(connection: Connection, ready: Promise<void>, answer: () => void): Promise<void> {
  // Every client passes here: an async function would leave twice the garbage.
  return ready.then(() => {
    if (!connection.wasOpened && connection.sink.isGone) connection.close('client')
    if (connection.isOver) return
    try {
      answer()
    } catch (error) {
      if (connection.wasOpened) return connection.fail(error, 'source')
      connection.abandon()
      throw error
    }
  })
}

interface SourceRunOptions {
  readonly connection: Connection
  readonly ready: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A source on its way to one client: what it does before the stream is open, and how it ends after. */
class SourceRun implements Feed {
  readonly topics: readonly string[] = []
  readonly cursor = undefined
  readonly ownsIds = false
  readonly #connection: Connection
  readonly #ready: Promise<void>
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #opened: Promise<void> | undefined
  #stop: (() => void) | undefined

  constructor({ connection, ready, resolve, reject }: SourceRunOptions) {
    this.#connection = connection
    this.#ready = ready
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(source: Source): void {
    const connection = this.#connection
    connection.feed(this)
    connection.awaitOpening({ commit: () => this.commit(), end: () => this.#end() })
    this.#run(source)
  }

  /** Opens the stream, as soon as nobody sets headers any more. */
  commit(): Promise<void> {
    clearTimeout(this.#timer)
    this.#opened ??= this.#whenReady(() => this.#connection.open())
    return this.#opened
  }

  drained(): void {
    // What waited has been written; the pump goes on by itself.
  }

  beat(): Chunk {
    return COMMENT
  }

  closed(reason: CloseReason): void {
    clearTimeout(this.#timer)
    this.#stop?.()
    // Who has found an error tells it to the one who waits.
    if (reason !== 'error') this.#resolve()
  }

  /** Never rejects: who waits for the stream is told. */
  #whenReady(answer: () => void): Promise<void> {
    return whenReady(this.#connection, this.#ready, answer).then(this.#resolve, this.#reject)
  }

  #run(source: Source): void {
    try {
      if (source === null) this.#nothing()
      else if (isAttachable(source)) this.#attach(source)
      else if (typeof source === 'function') this.#call(source)
      else this.#start(source)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A source of events: its headers go out with the first of them, or when that takes long. */
  #start(source: object): void {
    this.#commitLater()
    const stop = startSource(source, this.#connection, (...errors) => {
      if (errors.length === 0) this.#end()
      else this.#fail(errors[0])
    })
    if (this.#connection.isOver) stop()
    else this.#stop = stop
  }

  #call(source: SourceFunction): void {
    const result = source(streamOf(this.#connection))
    if (result === undefined) void this.commit()
    else if (isThenable(result)) {
      this.#commitLater()
      result.then(
        (value) => (value === undefined ? this.#end() : this.#runUnlessOver(value)),
        (error: unknown) => this.#fail(error),
      )
    } else this.#run(result)
  }

  #runUnlessOver(source: Source): void {
    if (this.#connection.isOver) dropSource(source)
    else this.#run(source)
  }

  #attach(source: Attachable): void {
    clearTimeout(this.#timer)
    void this.#whenReady(() => source[ATTACH](this.#connection))
  }

  #nothing(): void {
    if (this.#opened === undefined) this.#respond(204)
    else this.#end()
  }

  #respond(status: number | undefined, headers?: Readonly<Record<string, string>>): void {
    void this.#whenReady(() => this.#connection.respond(status, headers))
  }

  #end(): void {
    void this.commit().then(() => this.#connection.close('complete'))
  }

  #fail(error: unknown): void {
    if (this.#opened !== undefined) {
      void this.#opened.then(() => this.#connection.fail(error, 'source'))
      return
    }
    // Nobody waits for an answer any more who could be told.
    if (this.#connection.isOver || this.#connection.sink.isGone) {
      this.#connection.close('client')
      return this.#connection.fail(error, 'source')
    }
    this.#reject(error)
    this.#connection.abandon()
  }

  #commitLater(): void {
    if (this.#opened !== undefined || this.#timer !== undefined || this.#connection.isOpen) return
    this.#timer = setTimeout(() => void this.commit(), this.#connection.settings.commitAfter)
  }
}

function isThenable(value: Source | Promise<Source | void>): value is Promise<Source | void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
