/**
 * The promise of a publish. A rejection that nobody has asked for when it comes goes to `unheard`, and is never an
 * unhandled rejection: a publisher that does not care for the answer must not end the process.
 */
export class Publishing extends Promise<string> {
  #isHeard = false

  /** Promises made of this one are ordinary ones: who has asked for them has them. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** Settles like `id`. */
  static of(id: Promise<string>, unheard: (error: unknown) => void): Publishing {
    const publishing = new Publishing((resolve) => resolve(id))
    Promise.prototype.then.call(publishing, undefined, (error: unknown) => {
      if (!publishing.#isHeard) unheard(error)
    })
    return publishing
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise; asking for its value is what is to be noticed.
  override then<A = string, B = never>(
    onFulfilled?: ((id: string) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isHeard = true
    return super.then(onFulfilled, onRejected)
  }
}
