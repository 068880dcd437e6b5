import type { LogRecord, TailBounds } from '@sse/core'
import type { RedisConnection } from './endpoint.ts'
import { charactersOf, type Read, readEntry } from './entry.ts'
import type { LogState } from './log-script.ts'
import type { PageSize } from './page-size.ts'
import { ordinalOf, positionBefore } from './position.ts'

/** The end of an epoch. */
export interface Tail {
  readonly epoch: string
  /** Everything after it is in `records`, or comes later. */
  readonly floor: string
  /** The newest position. */
  readonly head: string
  readonly records: readonly LogRecord[]
  /** The newest id of the stream, ours or not. */
  readonly cursor: string
  /** The ids of entries that are not ours. */
  readonly foreign: readonly string[]
}

/** Where to read. */
export interface TailOptions {
  readonly stream: string
  readonly state: LogState
  readonly bounds: TailBounds
  readonly pageSize: PageSize
}

/** Reads the end of the stream, backwards, until the bounds are met, the epoch begins, or something is missing. */
export async function readTail(connection: RedisConnection, options: TailOptions): Promise<Tail> {
  const records: LogRecord[] = []
  const foreign: string[] = []
  const { bounds } = options
  let { epoch, last } = options.state
  let cursor: string | undefined
  let bytes = 0
  for await (const read of entriesBackwards(connection, options)) {
    cursor ??= read.id
    if (read.kind === 'foreign') {
      foreign.push(read.id)
      continue
    }
    // Another epoch has begun since the state was asked for: all that came after it was read by now.
    if (read.kind === 'reset') {
      epoch = read.epoch
      last = read.id
      break
    }
    const { record } = read
    const next = records.at(-1)
    bytes += Buffer.byteLength(record.data)
    const isHole = next !== undefined && ordinalOf(next.position) !== ordinalOf(record.position) + 1
    if (isHole || records.length >= bounds.maxEvents || bytes > bounds.maxBytes) break
    records.push(record)
  }
  records.reverse()
  const [first] = records
  const head = records.at(-1)?.position ?? last
  const floor = first === undefined ? head : positionBefore(first.position, 1)
  return { epoch, floor, head, records, cursor: cursor ?? head, foreign }
}

/** The entries of a stream from its end on, down to where its epoch began. */
async function* entriesBackwards(
  connection: RedisConnection,
  { stream, state, pageSize }: TailOptions,
): AsyncGenerator<Read> {
  let from = '+'
  while (true) {
    const { count } = pageSize
    const page = await connection.send(['XREVRANGE', stream, from, `(${state.start}`, 'COUNT', String(count)])
    if (!Array.isArray(page)) return
    let characters = 0
    for (const entry of page) {
      const read = readEntry(entry)
      characters += charactersOf(read)
      from = `(${read.id}`
      yield read
    }
    if (page.length < count) return
    pageSize.saw(page.length, characters)
  }
}
