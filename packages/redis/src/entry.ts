import type { LogEntry, LogRecord } from '@sse/core'
import { checkedRecord } from '@sse/core/engine'
import { isPosition, ordinalOf } from './position.ts'

/** The topic of the record that begins an epoch. Hubs do not publish to names that start with `sse.`. */
const RESET_TOPIC = 'sse.epoch'
const EPOCH = /^[0-9a-z]{1,32}$/

/** What an entry of the stream is to us. */
export type Read =
  | { readonly kind: 'record'; readonly id: string; readonly record: LogRecord }
  | { readonly kind: 'reset'; readonly id: string; readonly epoch: string }
  | { readonly kind: 'foreign'; readonly id: string }

/**
 * The fields of an entry, in this order: `topic`, `event`, then `data` (something serialized) or `text` (a string as it
 * was), then `key` if there is one. Redis stores names that entries share only once.
 */
export function fieldsOf({ topic, event, data, raw, key }: LogEntry): string[] {
  const fields = ['topic', topic, 'event', event, raw ? 'text' : 'data', data]
  if (key !== undefined) fields.push('key', key)
  return fields
}

/** Reads an entry of a reply: its id, and its fields. Whatever stands there. */
export function readEntry(entry: unknown): Read {
  const [id, fields] = Array.isArray(entry) ? entry : []
  if (typeof id !== 'string' || !Array.isArray(fields) || !isPosition(id)) return { kind: 'foreign', id: String(id) }
  const [topicName, topic, eventName, event, dataName, data, keyName, key] = fields
  const isShaped =
    topicName === 'topic' &&
    eventName === 'event' &&
    (dataName === 'data' || dataName === 'text') &&
    (fields.length === 6 || (fields.length === 8 && keyName === 'key'))
  if (!isShaped) return { kind: 'foreign', id }
  if (topic === RESET_TOPIC && EPOCH.test(data)) return { kind: 'reset', id, epoch: data }
  // The number of none of ours, but of most that Redis has numbered: `XADD … *`.
  if (ordinalOf(id) === 0) return { kind: 'foreign', id }
  try {
    return {
      kind: 'record',
      id,
      record: checkedRecord({ position: id, topic, event, data, raw: dataName === 'text', key }),
    }
  } catch {
    return { kind: 'foreign', id }
  }
}

/** How much of a reply an entry is, about. */
export function charactersOf(read: Read): number {
  return read.kind === 'record' ? read.record.data.length + read.record.topic.length : 0
}
