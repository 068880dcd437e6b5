import type { Source, SourceFunction, SseStream, StreamOptions } from '@sse/core'
import { EMPTY, type Observable, type Subscription } from 'rxjs'
import type { HandlerExchange } from './exchanges.ts'
import { Outlet } from './outlet.ts'
import type { PlatformExchange } from './platform.ts'
import { drop, isSource, standardSource } from './source.ts'

/** What a request is streamed with. */
export interface StreamExchangeOptions {
  readonly platform: PlatformExchange
  /** Whether other interceptors than this library's stand between it and the handler: they are to see each event. */
  readonly isIntercepted: boolean
  /** Made when the handler has returned; may throw. */
  readonly optionsFor: () => StreamOptions
  /** The stream is open, or was answered otherwise. */
  readonly opened: (stream: SseStream) => void
  /** There will be no stream: exception filters answer. */
  readonly failed: (error: unknown) => void
}

/**
 * One request, from its handler to its stream.
 *
 * Where nobody else intercepts, what the handler gives is streamed as it is. Where others do, its events are emitted to
 * them one by one, and what comes out of the outermost is sent.
 */
export class StreamExchange implements HandlerExchange {
  readonly #options: StreamExchangeOptions
  #pipeline: Subscription | undefined
  #outlet: Outlet | undefined
  #isServing = false
  #report: ((error: unknown) => void) | undefined

  constructor(options: StreamExchangeOptions) {
    this.#options = options
  }

  /** Begins with the outermost end of what stands before the handler. */
  begin(pipeline: Observable<unknown>): void {
    this.#pipeline = pipeline.subscribe({
      next: (value) => this.#emitted(value),
      error: (error: unknown) => this.#failed(error),
      complete: () => this.#completed(),
    })
  }

  returned(value: unknown): unknown {
    if (!this.#options.isIntercepted) return this.#serve(value)
    if (value === null || !isSource(value)) {
      this.#serve(value)
      return EMPTY
    }
    if (!this.#isServing) this.#serveEmitted()
    if (this.#outlet !== undefined) return this.#outlet.eventsOf(value)
    // The client has gone, or gets another answer.
    drop(value)
    return EMPTY
  }

  #emitted(value: unknown): void {
    if (!this.#isServing) {
      // An interceptor has answered in place of the handler.
      if (isSource(value)) return this.#serve(value)
      this.#serveEmitted()
    }
    this.#outlet?.send(value)
  }

  #failed(error: unknown): void {
    if (this.#outlet !== undefined) this.#outlet.fail(error)
    else if (!this.#isServing) this.#options.failed(error)
  }

  #completed(): void {
    if (!this.#isServing) this.#serveEmitted()
    this.#outlet?.end()
  }

  /** Streams what comes out of the interceptors. */
  #serveEmitted(): void {
    const source: SourceFunction = (stream) => {
      const outlet = new Outlet(stream, (error) => this.#report?.(error))
      this.#outlet = outlet
      stream.signal.addEventListener('abort', () => this.#pipeline?.unsubscribe(), { once: true })
      return outlet.ended
    }
    this.#open(source)
  }

  /** Streams what a handler has given. What is no source is refused by the core. */
  #serve(value: unknown): void {
    if (!this.#isServing) this.#open(standardSource(value as Source))
  }

  #open(source: Source): void {
    this.#isServing = true
    this.#begun(source).then(this.#options.opened, this.#options.failed)
  }

  async #begun(source: Source): Promise<SseStream> {
    const { platform, optionsFor } = this.#options
    const options = optionsFor()
    this.#report = (error) => options.onError?.(error, { stage: 'source' })
    return platform.open(source, options)
  }
}
