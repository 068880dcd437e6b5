import { SseError } from './error.ts'
import { assertField, assertRetry, assertText, type SseEvent } from './event.ts'

/** Turns `data` that is no string into text. Called once per event; may throw. */
export type Serialize = (data: unknown) => string

/**
 * Encodes an event as it goes on the wire: its comment, `event`, `data`, `id` and `retry` lines and the blank line
 * that ends it. Properties the standard does not know are ignored.
 *
 * @param serialize for `data` that is no string; default `JSON.stringify`.
 * @throws {SseError} `SSE_INVALID_FIELD` if a field cannot be carried exactly, if there is an `event` without `data`,
 * or no field at all. Nothing is repaired, and there is no half an event.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function encodeEvent(event: SseEvent, serialize: Serialize = JSON.stringify): string {
  if (typeof event !== 'object' || event === null) {
    throw new SseError('SSE_INVALID_FIELD', 'an event must be an object with at least one field')
  }
  const { comment, event: name, data, id, retry } = event
  if (name !== undefined && data === undefined) {
    throw new SseError(
      'SSE_INVALID_FIELD',
      '`event` needs `data`: no client dispatches it without; send null or an empty string',
    )
  }
  let text = ''
  if (comment !== undefined) text += commentLines(comment)
  if (name !== undefined) text += nameLine(name)
  if (data !== undefined) text += dataLines(serializeData(data, serialize))
  if (id !== undefined) text += idLine(id)
  if (retry !== undefined) text += retryLine(retry)
  if (text === '') {
    throw new SseError('SSE_INVALID_FIELD', 'an event needs one of `event`, `data`, `id`, `retry` and `comment`')
  }
  return `${text}\n`
}

/**
 * The text of `data`: a string as it is, everything else through `serialize`.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming `data` if `serialize` throws (that is the `cause`) or gives no string,
 * as JSON does for `undefined`, functions and symbols, or if the text is not well-formed.
 */
export function serializeData(data: unknown, serialize: Serialize): string {
  const text = typeof data === 'string' ? data : trySerialize(data, serialize)
  assertText('data', text)
  return text
}

/**
 * The `data` lines that carry a text, which must be well-formed; a client gets it back with every line break as LF.
 */
export function dataLines(text: string): string {
  return prefixLines('data: ', text)
}

/**
 * The comment lines that carry a text. Without a blank line after them they are part of the event that follows.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming `comment` if it is no string or not well-formed.
 */
export function commentLines(text: string): string {
  assertText('comment', text)
  return prefixLines(': ', text)
}

function nameLine(name: unknown): string {
  assertField('event', name)
  return `event: ${name}\n`
}

function idLine(id: unknown): string {
  assertField('id', id)
  return `id: ${id}\n`
}

function retryLine(retry: unknown): string {
  assertRetry(retry)
  return `retry: ${retry}\n`
}

function prefixLines(prefix: string, text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  // The three line ends of the standard and no other: U+2028, U+0085 and VT are text to every client.
  return `${prefix}${text.replace(/\r\n|\n|\r/g, `\n${prefix}`)}\n`
}

function trySerialize(data: unknown, serialize: Serialize): unknown {
  try {
    return serialize(data)
  } catch (cause) {
    throw new SseError('SSE_INVALID_FIELD', '`data` cannot be serialized', { cause })
  }
}
