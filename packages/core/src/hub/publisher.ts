import { reportError } from '../connection/host.ts'
import type { Serialize } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import { entryOf } from './entry.ts'
import type { AnyEvents, Publication } from './event.ts'
import type { EventLog, LogEntry } from './log.ts'
import { Publishing } from './publishing.ts'

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
  /** From now on `publish` throws; resolves when the log has answered what was published. */
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
  const pending = new Set<Promise<string>>()
  let isClosed = false
  return {
    publish(topic, event) {
      if (isClosed) throw new SseError('SSE_CLOSED', 'The publisher is closed.')
      const id = appendTo(log, entryOf(topic, event, serialize, DEFAULT_EVENT_BYTES))
      const settled = (): boolean => pending.delete(id)
      pending.add(id)
      id.then(settled, settled)
      return Publishing.of(id, (error) => reportError(error, { stage: 'publish' }))
    },
    async close() {
      isClosed = true
      await Promise.allSettled(pending)
    },
  }
}

/** Appends to a log and resolves with the id. Rejects with an `SseError` whatever the log says. */
export async function appendTo(log: EventLog, entry: LogEntry): Promise<string> {
  try {
    const { epoch, position } = await log.append(entry)
    return `${epoch}.${position}`
  } catch (error) {
    if (error instanceof SseError) throw error
    throw new SseError('SSE_LOG', `The log did not accept the event: ${String(error)}`, { cause: error })
  }
}
