import { SseError } from './error.ts'

/**
 * The headers of every stream, unless the application sets its own.
 *
 * - `charset` is exactly `utf-8`: Chromium refuses other spellings of it.
 * - `no-cache` keeps caches from replaying one client's stream to another, `no-transform` keeps compressors from
 *   holding it.
 * - `X-Accel-Buffering: no` makes nginx pass on what it gets at once.
 */
export const STREAM_HEADERS: Readonly<Record<'Content-Type' | 'Cache-Control' | 'X-Accel-Buffering', string>> =
  Object.freeze({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  })

/**
 * Headers as an application gives them. A list of values is a header that is sent more than once, as `Set-Cookie` is.
 */
export type StreamHeaders =
  | Readonly<Record<string, string | readonly string[]>>
  | Headers
  | Iterable<readonly [name: string, value: string]>

/** One header and its value, or its values if it is to be sent several times. */
export type HeaderEntry = readonly [name: string, value: string | readonly string[]]

/**
 * The application's headers, checked, each name once whatever its spelling, all values kept.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the header if its name or value is none HTTP can carry (a CR or LF
 * would begin another header), or if the header belongs to the connection and not to the application: `Connection`,
 * `Keep-Alive`, `Proxy-Connection`, `Transfer-Encoding`, `Upgrade` (an error on HTTP/2) and `Content-Length`.
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
 */
export function headerEntries(headers: StreamHeaders | undefined): readonly HeaderEntry[] {
  if (headers === undefined) return NONE
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>()
  for (const [name, value] of pairs(headers)) {
    assertHeader(name, value)
    const key = name.toLowerCase()
    const known = byName.get(key)
    if (known === undefined) byName.set(key, { name, values: [value] })
    else known.values.push(value)
  }
  return Array.from(byName.values(), ({ name, values }) => [name, values.length === 1 ? (values[0] ?? '') : values])
}

const NONE: readonly HeaderEntry[] = []

function* pairs(headers: StreamHeaders): Generator<readonly [string, string]> {
  if (isIterable(headers)) return yield* headers
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one]
  }
}

function isIterable(headers: StreamHeaders): headers is Headers | Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
}

const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

function assertHeader(name: unknown, value: unknown): void {
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw new SseError('SSE_INVALID_FIELD', `\`headers\` has a name that HTTP cannot carry: ${JSON.stringify(name)}`)
  }
  if (OF_THE_CONNECTION.has(name.toLowerCase())) {
    throw new SseError('SSE_INVALID_FIELD', `\`headers\` must not set \`${name}\`: it belongs to the connection`)
  }
  if (typeof value !== 'string' || !VALUE.test(value)) {
    throw new SseError('SSE_INVALID_FIELD', `\`headers\` has a value of \`${name}\` that HTTP cannot carry`)
  }
}
