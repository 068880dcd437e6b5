import type { LogFollower, LogRecord } from '../hub/log.ts'

/**
 * One follower of a log, held to what the port promises it: nothing after it was stopped, and no more than a `detach` for
 * one that throws.
 */
export class Delivery {
  readonly #follower: LogFollower
  readonly #stopping = new AbortController()

  constructor(follower: LogFollower) {
    this.#follower = follower
  }

  /** Aborts when the follower is to get nothing more. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  stop(): void {
    this.#stopping.abort()
  }

  attach(at: { epoch: string; floor: string; head: string }): void {
    this.#call(() => this.#follower.attach(at))
  }

  /** The next records, in order; there may be none. */
  records(batch: readonly LogRecord[]): void {
    if (batch.length > 0) this.#call(() => this.#follower.records(batch))
  }

  detach(error: unknown): void {
    this.#call(() => this.#follower.detach(error))
  }

  #call(call: () => void): void {
    if (this.#stopping.signal.aborted) return
    try {
      call()
    } catch (error) {
      this.#drop(error)
    }
  }

  #drop(error: unknown): void {
    this.stop()
    try {
      this.#follower.detach(error)
    } catch {
      // It was the place to report to.
    }
  }
}
