import { type ConnectionInfo, type Hub, type Subscription, topic } from '@sse/core'
import type { StockEvents } from './events.ts'
import type { Listing } from './listings.ts'

/** How one reader of `/slow` stands. */
export interface SlowStatus {
  /** Events published to it so far. */
  readonly published: number
  /** What the hub says of its connection. */
  readonly state: ConnectionInfo['state']
  /** How far the hub has got with it. */
  readonly cursor: ConnectionInfo['cursor']
  /** Bytes that wait for it in this process. */
  readonly bufferedBytes: number
  /** By key, the number of the newest event published to it. */
  readonly newest: Readonly<Record<string, number>>
}

/** `padded`: 64 events of 16 KiB, which fill every buffer on the way. `small`: 1,200 events without padding. */
export type Batch = 'padded' | 'small'

/** Events for readers who stop reading. Each has a topic of its own, so that they do not disturb each other. */
export interface SlowLane {
  /** Lets a client in and says what it is to subscribe to; it is forgotten when `closed` settles. */
  open(client: string, closed: Promise<unknown>): Subscription<StockEvents>
  /** Publishes a batch to the client; undefined if it does not read, or has been given {@link MAX_EVENTS}. */
  publish(client: string, batch: Batch): Promise<SlowStatus | undefined>
  /** How the client stands; undefined if it does not read. */
  status(client: string): SlowStatus | undefined
}

/** What one reader is given at most, rounded up to a batch. */
const MAX_EVENTS = 10_000

const PADDING = 'x'.repeat(16 * 1024)
const BATCHES = {
  padded: { events: 64, padding: PADDING },
  small: { events: 1_200, padding: '' },
} as const satisfies Record<Batch, { readonly events: number; readonly padding: string }>

interface Reader {
  published: number
  readonly newest: Map<string, number>
}

/** Makes the slow lane of a hub; its events are keyed by the symbols of these listings. */
export function createSlowLane(hub: Hub<StockEvents>, listings: readonly Listing[]): SlowLane {
  const readers = new Map<string, Reader>()

  function status(client: string): SlowStatus | undefined {
    const reader = readers.get(client)
    const connection = connectionOf(hub, client)
    if (reader === undefined || connection === undefined) return undefined
    const { state, cursor, bufferedBytes } = connection
    return { published: reader.published, state, cursor, bufferedBytes, newest: Object.fromEntries(reader.newest) }
  }

  return {
    open(client, closed) {
      const reader = { published: 0, newest: new Map<string, number>() }
      readers.set(client, reader)
      void closed.then(() => {
        if (readers.get(client) === reader) readers.delete(client)
      })
      return hub.subscribe(topicOf(client), { lag: 'conflate' })
    },
    async publish(client, batch) {
      const reader = readers.get(client)
      if (reader === undefined || reader.published >= MAX_EVENTS) return undefined
      const { events, padding } = BATCHES[batch]
      for (let i = 0; i < events; i++) {
        const { symbol } = at(listings, reader.published)
        const n = (reader.newest.get(symbol) ?? 0) + 1
        reader.newest.set(symbol, n)
        reader.published += 1
        // Waiting lets the socket take what it can: who reads never lags.
        await hub.publish(topicOf(client), { event: 'padded', data: { symbol, n, padding }, key: symbol })
      }
      return status(client)
    },
    status,
  }
}

function topicOf(client: string): string {
  return topic`slow/${client}`
}

function connectionOf(hub: Hub<StockEvents>, client: string): ConnectionInfo | undefined {
  const own = topicOf(client)
  for (const connection of hub.connections) if (connection.topics.includes(own)) return connection
  return undefined
}

function at(listings: readonly Listing[], index: number): Listing {
  const listing = listings[index % listings.length]
  if (listing === undefined) throw new Error('The slow lane needs listings')
  return listing
}
