import type { Source, SseStream, StreamOptions } from '@sse/core'
import { Opening } from './opening.ts'
import { Reply, type StreamContext } from './reply.ts'

/** One request in the hands of the middleware's inner side: what it has opened, and what becomes of that. */
export class Handling {
  readonly #ctx: StreamContext
  #reply: Reply | undefined
  #openings: readonly Opening[] = []
  #isDone = false

  constructor(ctx: StreamContext) {
    this.#ctx = ctx
  }

  /** Opens a stream. `optionsOf` may throw: that is an error before it is open. */
  open(source: Source, optionsOf: () => StreamOptions): Promise<SseStream> {
    this.#reply ??= new Reply(this.#ctx)
    const opening = new Opening(this.#reply.open(source, optionsOf))
    if (this.#isDone) this.#report(opening)
    else this.#openings = [...this.#openings, opening]
    return opening
  }

  /**
   * The handler is done: waits for what it may not have waited for, else Koa would answer 404.
   *
   * @throws what has kept a stream from opening, if nobody else was told.
   */
  async done(): Promise<void> {
    for (const opening of this.#openings) {
      const [failure] = await opening.outcome
      if (failure === undefined || opening.isAwaited) continue
      this.failed(opening)
      throw failure.error
    }
    this.#over()
    this.#reply?.handled()
  }

  /** The handler has failed, or one of its streams: that is the answer. What else goes wrong is reported. */
  failed(told?: Opening): void {
    for (const opening of this.#openings) if (opening !== told) this.#report(opening)
    this.#over()
    this.#reply?.withdraw()
  }

  #over(): void {
    this.#isDone = true
    this.#openings = []
  }

  /** Nobody waits for it any more to whom it could be told but the application. */
  #report(opening: Opening): void {
    void opening.outcome.then(([failure]) => {
      if (failure === undefined || opening.isAwaited) return
      const { error } = failure
      this.#ctx.app.emit('error', error instanceof Error ? error : new Error(String(error)), this.#ctx)
    })
  }
}
