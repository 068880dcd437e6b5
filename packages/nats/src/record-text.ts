import type { LogEntry, LogRecord } from '@sse/core'
import { checkedRecord } from '@sse/core/engine'

/** What the first line of a message says: `data` was serialized, or it was a text to begin with. */
const DATA = 'sse/1 data\n'
const TEXT = 'sse/1 text\n'
const LINE_FEED = 10

/** So many heads are known again, where they are not longer than this. */
const MAX_HEADS = 1_000
const MAX_HEAD_LENGTH = 512

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type Head = Omit<LogRecord, 'position' | 'data'>

/**
 * The message of an entry, as UTF-8: four lines, then the data as it is. The lines are what this is, the topic, the event,
 * and the key as a JSON string, or nothing where there is none.
 */
export function encodeRecord({ topic, event, data, raw, key }: LogEntry): Uint8Array {
  const keyLine = key === undefined ? '' : JSON.stringify(key)
  return encoder.encode(`${raw ? TEXT : DATA}${topic}\n${event}\n${keyLine}\n${data}`)
}

/**
 * Reads messages, whoever has sent them. Most have a head that was read before: what is checked once need not be checked
 * again, and all records of a topic have one and the same text for it.
 */
export class RecordReader {
  /** How long the data of the last one was, as UTF-8; 0 if it was none of ours. */
  bytes = 0
  readonly #heads = new Map<string, Head>()

  /** The record; `undefined` for a message that is none of ours. */
  read(position: string, message: Uint8Array): LogRecord | undefined {
    const end = headEnd(message)
    this.bytes = 0
    if (end < 0) return undefined
    try {
      // Apart, so that no topic keeps the text of its event from being let go of.
      const head = this.#head(decoder.decode(message.subarray(0, end)))
      const data = decoder.decode(message.subarray(end))
      const { topic, event, raw, key } = head
      this.bytes = message.length - end
      return key === undefined ? { position, topic, event, data, raw } : { position, topic, event, data, raw, key }
    } catch {
      return undefined
    }
  }

  #head(text: string): Head {
    const known = this.#heads.get(text)
    if (known !== undefined) return known
    const head = parseHead(text)
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear()
    if (text.length <= MAX_HEAD_LENGTH) this.#heads.set(text, head)
    return head
  }
}

/** Where the data begins. */
function headEnd(message: Uint8Array): number {
  let end = 0
  for (let line = 0; line < 4; line++) {
    end = message.indexOf(LINE_FEED, end) + 1
    if (end === 0) return -1
  }
  return end
}

/** Throws for what none of ours begins with. */
function parseHead(text: string): Head {
  const raw = text.startsWith(TEXT)
  if (!raw && !text.startsWith(DATA)) throw new TypeError('not a message of this log')
  const [topic, event, keyLine] = text.slice(DATA.length).split('\n')
  const key: unknown = keyLine === '' ? undefined : JSON.parse(String(keyLine))
  return checkedRecord({ position: '0', topic, event, data: '', raw, key })
}
