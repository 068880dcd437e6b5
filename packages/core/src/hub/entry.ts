import { exceedsBytes } from '../wire/byte-limit.ts'
import { type Serialize, serializeData } from '../wire/encode.ts'
import { SseError } from '../wire/error.ts'
import { assertField, assertText } from '../wire/event.ts'
import type { LogEntry } from './log.ts'
import { assertTopic, isReserved, RESERVED_PREFIX } from './topics.ts'

const MAX_KEY_BYTES = 256

/**
 * Makes the log's entry of what is published: checked, and its data serialized.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the field if it cannot be framed exactly, `SSE_LIMIT` if it is longer than
 * `eventBytes`. Nothing has been written then.
 */
export function entryOf(topic: string, event: object, serialize: Serialize, eventBytes: number): LogEntry {
  assertTopic(topic)
  if (typeof event !== 'object' || event === null) throw invalid('`event` must be an object with `data`')
  const { event: name = 'message', data, key } = event as { event?: unknown; data?: unknown; key?: unknown }
  assertEventName(name)
  if (data === undefined)
    throw invalid('`data` is missing: no client would dispatch the event; send null or an empty string')
  if (key !== undefined) assertKey(key)
  const text = serializeData(data, serialize)
  if (exceedsBytes(`${name}${text}${key ?? ''}`, eventBytes)) {
    throw new SseError(
      'SSE_LIMIT',
      `\`data\` is too long: an event may have ${eventBytes} bytes (\`limits.eventBytes\`)`,
    )
  }
  return { topic, event: name, data: text, raw: typeof data === 'string', ...(key !== undefined && { key }) }
}

/**
 * Checks the name of an application's own event.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if it cannot be framed, or is one of the library's.
 */
export function assertEventName(name: unknown): asserts name is string {
  assertField('event', name)
  if (!isReserved(name)) return
  throw invalid(`\`event\` must not start with \`${RESERVED_PREFIX}\`: it is reserved`)
}

/**
 * Checks the `key` of an event.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if it is no well-formed text of at most 256 bytes.
 */
export function assertKey(key: unknown): asserts key is string {
  assertText('key', key)
  if (exceedsBytes(key, MAX_KEY_BYTES)) throw invalid(`\`key\` must have at most ${MAX_KEY_BYTES} bytes`)
}

function invalid(message: string): SseError {
  return new SseError('SSE_INVALID_FIELD', message)
}
