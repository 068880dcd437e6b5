import type { LogEntry, LogRecord } from '@sse/core'
import { checkedRecord } from '@sse/core/engine'

/** What the first line of a message says: `data` was serialized, or it was a text to begin with. */
const DATA = 'sse/1 data\n'
const TEXT = 'sse/1 text\n'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The message of an entry, as UTF-8: four lines, then the data as it is. The lines are what this is, the topic, the event,
 * and the key as a JSON string, or nothing where there is none.
 */
export function encodeRecord({ topic, event, data, raw, key }: LogEntry): Uint8Array {
  const keyLine = key === undefined ? '' : JSON.stringify(key)
  return encoder.encode(`${raw ? TEXT : DATA}${topic}\n${event}\n${keyLine}\n${data}`)
}

/** Reads a message, whoever has sent it; `undefined` for one that is none of ours. */
export function decodeRecord(position: string, message: Uint8Array): LogRecord | undefined {
  try {
    return readText(position, decoder.decode(message))
  } catch {
    return undefined
  }
}

function readText(position: string, text: string): LogRecord | undefined {
  const raw = text.startsWith(TEXT)
  if (!raw && !text.startsWith(DATA)) return undefined
  const topicEnd = text.indexOf('\n', DATA.length)
  const eventEnd = topicEnd < 0 ? -1 : text.indexOf('\n', topicEnd + 1)
  const keyEnd = eventEnd < 0 ? -1 : text.indexOf('\n', eventEnd + 1)
  if (keyEnd < 0) return undefined
  return checkedRecord({
    position,
    topic: text.slice(DATA.length, topicEnd),
    event: text.slice(topicEnd + 1, eventEnd),
    key: keyEnd === eventEnd + 1 ? undefined : JSON.parse(text.slice(eventEnd + 1, keyEnd)),
    data: text.slice(keyEnd + 1),
    raw,
  })
}
