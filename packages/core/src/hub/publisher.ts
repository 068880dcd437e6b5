import { guardOnError, reportError } from '../connection/host.ts'
import { assertInteger, type ErrorContext, invalid } from '../connection/options.ts'
import type { Serialize } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import { entryOf } from './entry.ts'
import type { AnyEvents, Publication } from './event.ts'
import type { EventLog } from './log.ts'
import { appendTo, type Publishes, Publishing } from './publishing.ts'

const DEFAULT_EVENT_BYTES = 1024 * 1024

/** What a publisher is made with. */
export interface PublisherOptions {
  /** Where events go. */
  log: EventLog
  /** Turns `data` that is no string into text; default `JSON.stringify`. */
  serialize?: Serialize
  /** `eventBytes` as of a hub, default 1 MiB: no more than what the rings of the hubs that follow the log can hold. */
  limits?: { eventBytes?: number }
  /** Gets the rejections of publishes that nobody awaits, `{ stage: 'publish' }`. Default: the console. */
  onError?: (error: unknown, context: ErrorContext) => void
}

/** What only publishes. */
export interface Publisher<E extends object = AnyEvents> {
  /**
   * Publishes an event. Resolves with its id when the log has accepted it. A rejection that nobody awaits goes to `onError`,
   * and is never an unhandled rejection.
   *
   * How much may wait for an engine, and how long, is the log's to say: those of `@sse/redis` and `@sse/nats` hold 100,000
   * events, 10,000 while it is away, of 64 Mi characters together, each for their `publishTimeout`.
   *
   * @returns a promise that rejects with an `SseError`: `SSE_LOG` if the log did not accept the event, or nobody knows;
   * `SSE_LIMIT` if too much waits for it already.
   * @throws {SseError} at once, on misuse: `SSE_INVALID_FIELD`, `SSE_LIMIT` (over `limits.eventBytes`), `SSE_CLOSED`.
   */
  publish(topic: string, event: Publication<E>): Promise<string>
  /**
   * From now on `publish` throws; resolves when the log has answered what was published, and holds nothing any more. An engine
   * that is waited for as long as it takes (`publishTimeout: false`) is given 5 seconds for that.
   */
  close(): Promise<void>
}

/**
 * Makes a publisher, for a process that serves no clients: it has no ring, and does not follow the log.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function createPublisher<E extends object = AnyEvents>({
  log,
  serialize = JSON.stringify,
  limits: { eventBytes = DEFAULT_EVENT_BYTES } = {},
  onError = reportError,
}: PublisherOptions): Publisher<E> {
  assertInteger('limits.eventBytes', eventBytes, 1, Number.MAX_SAFE_INTEGER)
  for (const [name, callback] of Object.entries({ serialize, onError })) {
    if (typeof callback !== 'function') throw invalid(name, 'must be a function')
  }
  const tell = guardOnError(onError)
  let pending = 0
  let isClosed = false
  let closing: Promise<void> | undefined
  let resolveClosed: (() => void) | undefined
  const closed = new Promise<void>((resolve) => {
    resolveClosed = resolve
  })
  const settle = (): void => {
    if (isClosed && pending === 0) resolveClosed?.()
  }
  const publishes: Publishes = {
    breath: () => undefined,
    answered() {
      pending--
      settle()
    },
    unheard: (error) => tell(error, { stage: 'publish' }),
  }
  return {
    publish(topic, event) {
      if (isClosed) throw new SseError('SSE_CLOSED', 'The publisher is closed.')
      const entry = entryOf(topic, event, serialize, eventBytes)
      pending++
      return Publishing.of(appendTo(log, entry), publishes)
    },
    close() {
      isClosed = true
      settle()
      // At once: who waits as long as it takes is given up only when the log is let go of.
      closing ??= Promise.all([closed, log.release?.()]).then(() => {})
      return closing
    },
  }
}
