import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type AnyEvents, createHub, type Hub, type HubOptions, type SseEvent } from '@sse/core'
import { type EventReading, readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import type { ServerKind } from '../servers/server.ts'
import type { Site } from '../servers/site.ts'
import { untilSize } from './behind.ts'

/** `eventStream` writes to Node's own response there, which `@fastify/compress` does not see. */
const isUnseen = ({ name }: ServerKind): boolean => name === 'fastify'
/** Hono's compressor is one of the Web's, which nobody can flush. */
const holds = ({ name }: ServerKind): boolean => name === 'hono'

/** What makes middleware compress streams, too. */
const INSISTING: Asked = { compresses: 'all', headers: { 'Cache-Control': 'no-cache' } }

/** More than the kernel takes for a client that does not read, in bytes. */
const MOST = 64 * 1024 * 1024

describe.each(SERVERS)('compression in front of $name', (kind) => {
  it('[P3] leaves streams alone, and each event comes at once', async () => {
    const { hub, url } = await serve(kind, { compresses: true })
    const reading = readForTest(url)
    expect((await reading.response).headers.get('content-encoding')).toBeNull()
    await comesAtOnce(hub, reading)
  })

  it('[H4] [H13] where one insists on it, tells the source of a client that goes', async () => {
    const { hub, url, isReturned } = await serve(kind, INSISTING)
    const client = await compressedClient(url, '/work')
    client.socket.destroy()
    await isReturned
    const other = await compressedClient(url, '/feed')
    await untilSize({ hub }, 1)
    other.socket.destroy()
    await untilSize({ hub }, 0)
    expect(hub.stats().closed.error).toBe(0)
  })

  it('[H5] [H6] where one insists on it, bounds a client that does not read', async () => {
    const { hub, url } = await serve(kind, { ...INSISTING, hub: { stallTimeout: 400, ring: { maxBytes: 2 * MOST } } })
    const client = await compressedClient(url, '/feed')
    client.socket.pause()
    await untilSize({ hub }, 1)
    // Longer than what a compressor remembers: it gets hardly smaller, though it is always the same.
    const data = randomBytes(96 * 1024).toString('base64')
    for (let sent = 0; hub.size > 0 && sent < MOST; sent += data.length) {
      await hub.publish('feed', { data })
      await pause(1)
    }
    // By now it takes all, or nothing.
    await vi.waitFor(() => expect(hub.stats().lagging).toBe(0), { timeout: 10_000, interval: 5 })
    expect(hub.stats().closed.stalled).toBe(1)
  })
})

describe('compression', () => {
  // The one for Fastify goes by the type alone.
  it.for(SERVERS.filter(({ name }) => name !== 'nest-fastify'))(
    '[P3] in front of $name leaves streams alone that must not be transformed, though it is to compress everything',
    async (kind) => {
      const { hub, url } = await serve(kind, { compresses: 'all' })
      const reading = readForTest(url)
      expect((await reading.response).headers.get('content-encoding')).toBeNull()
      await comesAtOnce(hub, reading)
    },
  )

  it.for(SERVERS.filter((kind) => !holds(kind)))(
    '[F2] [P3] [H3] in front of $name, where one insists on it, begins at once, and each event comes at once',
    async (kind) => {
      const { hub, url } = await serve(kind, INSISTING)
      const reading = readForTest(url)
      expect((await reading.response).headers.get('content-encoding')).toBe(isUnseen(kind) ? null : 'gzip')
      await comesAtOnce(hub, reading)
      hub.disconnect(() => true)
      // The compressed stream ends as one: a reader would throw at one that is cut.
      expect((await reading.next()).done).toBe(true)
    },
  )

  it.for(SERVERS.filter(holds))(
    '[P3] in front of $name, where one insists on it, holds events, and gives all of them in the end',
    async (kind) => {
      const { hub, url } = await serve(kind, INSISTING)
      const reading = readForTest(url)
      expect((await reading.response).headers.get('content-encoding')).toBe('gzip')
      await hub.publish('feed', { data: 'one' })
      const first = reading.next()
      expect(await Promise.race([first, pause(200, 'nothing')])).toBe('nothing')
      await hub.publish('feed', { data: 'two' })
      await vi.waitFor(() => expect(hub.stats().delivered).toBe(2))
      hub.disconnect(() => true)
      expect((await first).value?.data).toBe('one')
      expect((await reading.next()).value?.data).toBe('two')
      expect((await reading.next()).done).toBe(true)
    },
  )
})

interface Asked {
  readonly compresses: NonNullable<Site['compresses']>
  readonly headers?: Readonly<Record<string, string>>
  readonly hub?: HubOptions
}

interface Served {
  readonly hub: Hub<AnyEvents>
  /** Of the server. */
  readonly url: string
  /** Resolves when the source of `/work`, which waits for ever, has been returned. */
  readonly isReturned: Promise<void>
}

async function serve({ start }: ServerKind, { compresses, headers, hub: hubOptions }: Asked): Promise<Served> {
  const hub = createHub(hubOptions)
  const options = headers === undefined ? {} : { headers }
  const isReturned = deferred()
  const running = await start({
    hub,
    compresses,
    routes: [
      { method: 'GET', path: '/feed', source: () => hub.subscribe('feed'), options },
      {
        method: 'GET',
        path: '/work',
        source: () => endless(isReturned.resolve),
        options: { ...options, commitAfter: 0 },
      },
    ],
  })
  onTestFinished(running.close)
  return { hub, url: running.url, isReturned: isReturned.promise }
}

function endless(onReturn: () => void): AsyncIterable<SseEvent> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return() {
        onReturn()
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}

function readForTest(url: string): EventReading {
  const reading = readEvents(`${url}/feed`, { headers: { 'accept-encoding': 'gzip' } })
  onTestFinished(() => void reading.return())
  return reading
}

/** A client whose stream has begun. */
async function compressedClient(url: string, path: string): Promise<RawClient> {
  const client = new RawClient(Number(new URL(url).port)).request(`GET ${path}`, 'Accept-Encoding: gzip')
  await client.until('\r\n\r\n')
  return client
}

async function comesAtOnce(hub: Hub<AnyEvents>, reading: EventReading): Promise<void> {
  for (const data of ['one', 'two', 'three']) {
    await hub.publish('feed', { data })
    expect((await reading.next()).value).toMatchObject({ data })
  }
}
