import type { ServerResponse } from 'node:http'

/** How much may be on its way from the body to the response, in bytes, when more is given, before it is held for lost. */
const MAX_GIVEN = 256 * 1024

/**
 * Watches what a framework writes to a response, until that has been exactly what it was given to send.
 *
 * A framework that sends a body reads it, and writes what it has read: the very same arrays, if nothing stands between
 * (a compressor, a decoder) that makes other ones of them. Once all that was given to it has come out as it was, the
 * response can be written to directly. One write of something else, and it never can.
 */
export class Takeover {
  readonly #response: ServerResponse
  readonly #onProven: (hasRoom: boolean) => void
  readonly #given: Uint8Array[] = []
  #givenBytes = 0
  #isOver = false
  #isRefuted = false
  #unwatch: (() => void) | undefined

  /** @param onProven is called once, with what the last write has answered. */
  constructor(response: ServerResponse, onProven: (hasRoom: boolean) => void) {
    this.#response = response
    this.#onProven = onProven
  }

  /** Whether the response was written something else, before all that was given. */
  get isRefuted(): boolean {
    return this.#isRefuted
  }

  /** Notes what the framework is given to send, in order; before it is given. */
  give(bytes: Uint8Array): void {
    if (this.#isOver) return
    if (this.#givenBytes > MAX_GIVEN) return this.stop()
    this.#given.push(bytes)
    this.#givenBytes += bytes.length
    this.#unwatch ??= this.#watch()
  }

  /** Leaves the response as it was. */
  stop(): void {
    this.#isOver = true
    this.#given.length = 0
    this.#unwatch?.()
  }

  /** Answers how to stop. */
  #watch(): () => void {
    const response = this.#response
    const { write } = response
    const watched = (...args: unknown[]): boolean => {
      const hasRoom: boolean = Reflect.apply(write, response, args)
      this.#wrote(args[0], hasRoom)
      return hasRoom
    }
    response.write = watched
    return () => {
      // Somebody who has wrapped it meanwhile calls on, and finds nobody here any more. Set back, not deleted: an object
      // that has lost a property is a slow one, and three kilobytes larger.
      if (response.write === watched) response.write = write
    }
  }

  #wrote(data: unknown, hasRoom: boolean): void {
    const given = this.#given.shift()
    if (given === undefined) return
    this.#givenBytes -= given.length
    if (given !== data) {
      this.#isRefuted = true
      return this.stop()
    }
    if (this.#given.length > 0) return
    this.stop()
    this.#onProven(hasRoom)
  }
}
