import { exceedsBytes } from './byte-limit.ts'

/** The longest `Last-Event-ID` that is looked at, in bytes. Twice what this library ever makes. */
export const MAX_LAST_EVENT_ID = 256

/** What a request said about the last event its client has seen. */
export interface LastEventId {
  /** The id, or `undefined` if there was none or it was refused. Never empty. */
  readonly id: string | undefined
  /** Something was sent that no client of ours would: longer than {@link MAX_LAST_EVENT_ID} or malformed. */
  readonly refused: boolean
}

/**
 * Reads the last event id of a request. The header counts if there is one, also an empty one, which means no id; else
 * the query parameter, for clients that cannot set headers. Never throws, and costs no more for a long value.
 *
 * @param sent `header` with one character per byte, as `node:http` and `Headers` give it: browsers send UTF-8, so that
 * is what it is read as, and as latin1 where it is none. `query` already decoded.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export function lastEventIdFrom(sent: {
  readonly header: string | null | undefined
  readonly query: string | null | undefined
}): LastEventId {
  const text = sent.header ?? sent.query
  if (text === null || text === undefined || text === '') return NONE
  if (text.length > MAX_LAST_EVENT_ID) return REFUSED
  const id = sent.header === text ? decodeBytes(text) : text
  return isCarriable(id) ? { id, refused: false } : REFUSED
}

const NONE: LastEventId = Object.freeze({ id: undefined, refused: false })
const REFUSED: LastEventId = Object.freeze({ id: undefined, refused: true })

// `ignoreBOM` means that a BOM is kept: it is part of the id.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeBytes(text: string): string {
  // A runtime that has decoded the header itself is taken at its word.
  if (/^[\x20-\x7e]*$/.test(text) || /[^\0-\xff]/.test(text)) return text
  try {
    return utf8.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  } catch {
    return text
  }
}

function isCarriable(id: string): boolean {
  return !/\p{Cc}/u.test(id) && id.isWellFormed() && !exceedsBytes(id, MAX_LAST_EVENT_ID)
}
