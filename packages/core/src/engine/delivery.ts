import { parseId } from '../hub/fan-out.ts'
import type { LogFollower, LogRecord } from '../hub/log.ts'
import { SseError } from '../wire/error.ts'

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

  /** From now on the follower gets nothing. */
  stop(): void {
    this.#stopping.abort()
  }

  /**
   * The engine is there, and has this.
   *
   * @throws {SseError} `SSE_LOG` if the places cannot be ids, whoever has written them into the engine.
   */
  attach(at: { epoch: string; floor: string; head: string }): void {
    for (const position of [at.floor, at.head]) {
      if (parseId(`${at.epoch}.${position}`) !== undefined) continue
      throw new SseError('SSE_LOG', 'The log has an epoch or a position that cannot be part of an id.')
    }
    this.#call(() => this.#follower.attach(at))
  }

  /** The next records, in order; there may be none. */
  records(batch: readonly LogRecord[]): void {
    if (batch.length > 0) this.#call(() => this.#follower.records(batch))
  }

  /** The engine cannot be read for now. */
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
