import type { SseStream } from '@sse/core'

/** The promise of a stream that opens; it knows whether anybody waits for it. */
export class Opening extends Promise<SseStream> {
  #isAwaited = false

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

  /** Resolves when the stream is open or will never be. Does not count as asking. */
  settled(): Promise<{ readonly error?: unknown }> {
    return super.then(
      () => ({}),
      (error: unknown) => ({ error }),
    )
  }
}
