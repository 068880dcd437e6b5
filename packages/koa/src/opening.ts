import type { SseStream } from '@sse/core'

/** How an attempt to open a stream has ended: without a failure, or with one. */
export type Outcome = readonly [failure?: { readonly error: unknown }]

/** The promise of a stream that opens; it knows whether anybody waits for it. Left alone, its rejection is nobody's. */
export class Opening extends Promise<SseStream> {
  /** Settles with it, and never rejects. Does not count as asking. */
  readonly outcome: Promise<Outcome>
  #isAwaited = false

  constructor(stream: Promise<SseStream>) {
    super((resolve) => resolve(stream))
    this.outcome = super.then(
      () => [],
      (error: unknown) => [{ error }],
    )
  }

  /** Promises made of this one are ordinary ones: who has asked for them has them. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** Whether somebody else has asked for the stream, and is told if there will be none. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise; asking for its value is what is to be noticed.
  override then<A = SseStream, B = never>(
    onFulfilled?: ((stream: SseStream) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isAwaited = true
    return super.then(onFulfilled, onRejected)
  }
}
