import { assertEventName, assertKey } from '../hub/entry.ts'
import type { LogRecord } from '../hub/log.ts'
import { assertAnyTopic, isReserved } from '../hub/topics.ts'
import { assertField, assertText } from '../wire/event.ts'

/** What an engine has at a position, whoever has put it there. What is missing is `undefined`. */
export interface RecordFields {
  readonly position: string
  readonly topic: unknown
  readonly event: unknown
  readonly data: unknown
  readonly raw: boolean
  readonly key?: unknown
}

const FOREIGN = 'sse.foreign'

/**
 * Makes a record of what was read from an engine. Hubs frame records as they are: what a stranger has written there must
 * not become a line of somebody's stream, or an event that only the library may send.
 *
 * There is no limit for `data`: an event that another process has accepted is one here, too, whatever its limits.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the field, if no hub could have written it. Deliver a
 * {@link foreignRecord} in its place.
 */
export function checkedRecord({ position, topic, event, data, raw, key }: RecordFields): LogRecord {
  assertAnyTopic(topic)
  if (isReserved(topic)) assertField('event', event)
  else assertEventName(event)
  assertText('data', data)
  if (key === undefined) return { position, topic, event, data, raw }
  assertKey(key)
  return { position, topic, event, data, raw, key }
}

/**
 * What stands for something that is no event: nobody gets it, but whoever follows the log passes its place. Without it, a
 * hub whose log ends with such a thing would wait for it, and never be ready.
 */
export function foreignRecord(position: string): LogRecord {
  return { position, topic: FOREIGN, event: FOREIGN, data: '', raw: true }
}
