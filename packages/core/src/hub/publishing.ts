import { afterTurn } from '../connection/turn.ts'
import { SseError } from '../wire/error.ts'
import type { EventLog, LogEntry } from './log.ts'
import type { LogPlace } from './stopwatch.ts'

/** Who publishes: what becomes of the log's answers. */
export interface Publishes {
  /** The log has accepted it, or has refused it. */
  answered(refusal?: SseError): void
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

  /** Of an event that is being appended: resolves with its id. Rejects with an `SseError`, whatever the log says. */
  static of(place: Promise<LogPlace>, by: Publishes): Publishing {
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
          const refusal = refusalOf(error)
          by.answered(refusal)
          reject(refusal)
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

/** Appends to a log. Logs do not throw; one that does has not accepted the event. */
export function appendTo(log: EventLog, entry: LogEntry): Promise<LogPlace> {
  try {
    return log.append(entry)
  } catch (error) {
    return Promise.reject(error)
  }
}

function refusalOf(error: unknown): SseError {
  if (error instanceof SseError) return error
  return new SseError('SSE_LOG', `The log did not accept the event: ${String(error)}`, { cause: error })
}
