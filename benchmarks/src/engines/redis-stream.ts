import { type Connected, type Place, type Reader, TOPIC } from './subject.ts'

const KEY = 'sse'

/** So many entries are asked for at once: as many as `@sse/redis` does. */
const COUNT = 500

/** A connection that sends one command and answers its reply: what both clients of Redis have. */
export interface RedisConnection {
  send(command: readonly string[]): Promise<unknown>
  close(): unknown
}

/**
 * A Redis stream with nothing but its client: an `XADD` for each event, with the fields that our log writes, and a loop of
 * `XREAD`.
 */
export async function redisStream(open: () => Promise<RedisConnection>, { retained }: Place): Promise<Connected> {
  const writer = await open()
  const command = ['XADD', KEY, 'MAXLEN', '~', String(retained), '*', 'topic', TOPIC, 'event', 'message', 'text']
  return {
    append: (data) => writer.send([...command, data]),
    read(reader) {
      const stopping = new AbortController()
      const reading = readOn(open, reader, stopping.signal).catch((error) => reader.fail(error))
      return () => {
        stopping.abort()
        return reading
      }
    },
  }
}

async function readOn(open: () => Promise<RedisConnection>, reader: Reader, signal: AbortSignal): Promise<void> {
  const connection = await open()
  let last = '0-0'
  while (!signal.aborted) {
    const command = ['XREAD', 'COUNT', String(COUNT), 'BLOCK', '50', 'STREAMS', KEY, last]
    for (const [id, fields] of entriesOf(await connection.send(command))) {
      last = id
      const [, topic, , , , text] = fields
      if (topic === TOPIC && text !== undefined) reader.data(text)
    }
  }
  await connection.close()
}

type Entry = readonly [id: string, fields: readonly string[]]

/** The entries in the reply of an `XREAD` of one stream: in a list of pairs, or with RESP3 in an object or a flat list. */
function entriesOf(reply: unknown): readonly Entry[] {
  if (reply === null || typeof reply !== 'object') return []
  const [first, second] = Array.isArray(reply) ? reply : Object.entries(reply)
  // https://redis.io/docs/latest/commands/xread/: the name of the one stream, and its entries.
  return (Array.isArray(first) ? first[1] : second) as readonly Entry[]
}
