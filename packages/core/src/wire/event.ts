import { SseError } from './error.ts'

/**
 * One event, in the standard's own field names. A field is present unless it is `undefined`: `id: ''`, `data: ''` and
 * `retry: 0` are values.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export interface SseEvent<Data = unknown, Name extends string = string> {
  /**
   * The type a client dispatches it as; without it clients say `message`. Not empty, no CR, no LF. Needs `data`, since
   * a client dispatches nothing without.
   */
  event?: Name
  /** The payload: a string is sent as it is, everything else is serialized (JSON unless told otherwise). */
  data?: Data
  /**
   * What the client sends back as `Last-Event-ID` when it reconnects. No CR, LF or NUL. An empty one makes the client
   * forget the id it has. Keep it to visible ASCII: there are clients that die of anything else.
   */
  id?: string
  /** How long the client waits before it reconnects: whole milliseconds, 0 to 2147483647. */
  retry?: number
  /** Text that every client ignores. May have several lines. */
  comment?: string
}

/** The longest `retry`, in milliseconds: beyond 2³¹ − 1 the timers of several clients overflow and fire at once. */
export const MAX_RETRY = 2_147_483_647

/**
 * Checks the value of a field that has one line.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if it is no string, not well-formed UTF-16, has a CR or LF, or (`id`) a NUL,
 * for which a client ignores the field, or (`event`) is empty, which a client cannot tell from no `event`.
 */
export function assertField(field: 'event' | 'id', value: unknown): asserts value is string {
  assertText(field, value)
  if (value.includes('\n') || value.includes('\r')) throw invalid(field, 'must be one line: it has a CR or LF')
  if (field === 'id' && value.includes('\0')) throw invalid(field, 'must not have a NUL: clients ignore such an id')
  if (field === 'event' && value === '') throw invalid(field, 'must not be empty: leave it out instead')
}

/**
 * Checks a `retry`.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` unless it is an integer from 0 to {@link MAX_RETRY}.
 */
export function assertRetry(value: unknown): asserts value is number {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_RETRY
  if (!fits) throw invalid('retry', `must be an integer from 0 to ${MAX_RETRY} (ms)`)
}

/**
 * Checks a text that may have several lines, such as `data` or `comment`.
 *
 * @throws {SseError} `SSE_INVALID_FIELD`, naming `field`, if it is no string or not well-formed UTF-16: UTF-8 has no
 * way to carry half a surrogate pair, and every encoder would put a U+FFFD in its place.
 */
export function assertText(field: string, text: unknown): asserts text is string {
  if (typeof text !== 'string') throw invalid(field, `must be a string, not ${text === null ? 'null' : typeof text}`)
  if (!text.isWellFormed()) throw invalid(field, 'must be well-formed Unicode: it has a lone surrogate')
}

function invalid(field: string, problem: string): SseError {
  return new SseError('SSE_INVALID_FIELD', `\`${field}\` ${problem}`)
}
