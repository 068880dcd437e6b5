import { afterTurn } from '../connection/turn.ts'
import { SseError } from '../wire/error.ts'
import type { EventLog, LogEntry } from './log.ts'

/** Who publishes: what becomes of the log's answers. */
export interface Publishes {
  readonly log: EventLog
  /** The log has answered, one way or the other. */
  answered(): void
  /** What publishers are to wait for before they go on, if anything. */
  breath(): Promise<void> | undefined
  /** Gets a rejection that nobody has asked for. */
  unheard(error: unknown): void
}

/**
 * The promise of a publish. A rejection that nobody has asked for by the end of its turn goes to `unheard`, and is never
 * an unhandled rejection: a publisher that does not care for the answer must not end the process.
 *
 * There may be very many in one turn, and all of them stay until it ends: each is one promise, not a chain of them.
 */
export class Publishing extends Promise<string> {
  #isHeard = false

  /** Promises made of this one are ordinary ones: who has asked for them has them. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** Appends to the log; resolves with the id. Rejects with an `SseError`, whatever the log says. */
  static append(entry: LogEntry, by: Publishes): Publishing {
    return Publishing.#of(append(by.log, entry), by)
  }

  static #of(place: ReturnType<EventLog['append']>, by: Publishes): Publishing {
    const publishing: Publishing = new Publishing((resolve, reject) => {
      place.then(
        ({ epoch, position }) => {
          by.answered()
          const id = `${epoch}.${position}`
          const breath = by.breath()
          if (breath === undefined) resolve(id)
          else void breath.then(() => resolve(id))
        },
        (error: unknown) => {
          by.answered()
          reject(refusal(error))
          publishing.#tellUnlessHeard(by)
        },
      )
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

  #tellUnlessHeard(by: Publishes): void {
    super.then(undefined, (error: unknown) => {
      afterTurn(() => {
        if (!this.#isHeard) by.unheard(error)
      })
    })
  }
}

/** Logs do not throw; one that does has not accepted the event. */
function append(log: EventLog, entry: LogEntry): ReturnType<EventLog['append']> {
  try {
    return log.append(entry)
  } catch (error) {
    return Promise.reject(error)
  }
}

function refusal(error: unknown): SseError {
  if (error instanceof SseError) return error
  return new SseError('SSE_LOG', `The log did not accept the event: ${String(error)}`, { cause: error })
}
