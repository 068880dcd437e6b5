import { reportError } from '../connection/host.ts'
import type { Serialize } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import { entryOf } from './entry.ts'
import type { AnyEvents, Publication } from './event.ts'
import type { EventLog } from './log.ts'
import { type Publishes, Publishing } from './publishing.ts'

const DEFAULT_EVENT_BYTES = 1024 * 1024

/** What only publishes. */
export interface Publisher<E extends object = AnyEvents> {
  /**
   * Publishes an event. Resolves with its id when the log has accepted it.
   *
   * @throws {SseError} at once, on misuse: `SSE_INVALID_FIELD`, `SSE_LIMIT` (over 1 MiB), `SSE_CLOSED`. What the log does
   * rejects the promise, `SSE_LOG`.
   */
  publish(topic: string, event: Publication<E>): Promise<string>
  /** From now on `publish` throws; resolves when the log has answered what was published, and holds nothing any more. */
  close(): Promise<void>
}

/** Makes a publisher, for a process that serves no clients: it has no ring, and does not follow the log. */
export function createPublisher<E extends object = AnyEvents>({
  log,
  serialize = JSON.stringify,
}: {
  log: EventLog
  serialize?: Serialize
}): Publisher<E> {
  let pending = 0
  let isClosed = false
  let resolveClosed: (() => void) | undefined
  const closed = new Promise<void>((resolve) => {
    resolveClosed = resolve
  })
  const settle = (): void => {
    if (isClosed && pending === 0) resolveClosed?.()
  }
  const publishes: Publishes = {
    log,
    breath: () => undefined,
    answered() {
      pending--
      settle()
    },
    unheard: (error) => reportError(error, { stage: 'publish' }),
  }
  return {
    publish(topic, event) {
      if (isClosed) throw new SseError('SSE_CLOSED', 'The publisher is closed.')
      const entry = entryOf(topic, event, serialize, DEFAULT_EVENT_BYTES)
      pending++
      return Publishing.append(entry, publishes)
    },
    close() {
      isClosed = true
      settle()
      return closed.then(() => log.release?.())
    },
  }
}
