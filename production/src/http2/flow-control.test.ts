import { constants } from 'node:http2'
import { createHub, type Hub } from '@sse/core'
import { describe, expect, it, vi } from 'vitest'
import { Http2Client, type Http2StreamClient } from './http2-client.ts'
import { feedOf, HTTP2_KINDS, PATIENTLY, served } from './served.ts'

const KIB = 1024
const READERS = 99
/** How many of these the window of a stream takes, with what Node holds behind it: 32. */
const EVENT = 'x'.repeat(4 * KIB)

describe.each(HTTP2_KINDS)('a client of $name that does not read one of its streams', (kind) => {
  it('[H6] gets all others promptly; that one lags, holds little, and is cut alone when the ring has passed it', async () => {
    const hub = createHub({ ring: { maxEvents: 100 } })
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const readers = await client.open('/feed', READERS)
    const [stalled] = await client.open('/feed', 1, { reads: false })
    await publishTo(hub, readers, 60)
    expect(hub.stats().lagging).toBe(1)
    const buffered = Array.from(hub.connections, ({ bufferedBytes }) => bufferedBytes)
    // A high-water mark, and one write.
    expect(Math.max(...buffered)).toBeLessThan((64 + 64) * KIB + 2 * EVENT.length)
    expect(buffered.filter((bytes) => bytes > 0).length).toBe(1)
    await publishTo(hub, readers, 180)
    expect(hub.stats().closed).toMatchObject({ slow: 1, client: 0 })
    expect(hub.size).toBe(READERS)
    await vi.waitFor(() => expect(stalled?.stream.closed).toBe(true), PATIENTLY)
    expect(stalled?.stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    expect(stalled?.hasEnded).toBe(false)
    expect(client.session.closed).toBe(false)
  })

  it('or none of them, delays no other client, and is cut', async () => {
    const hub = createHub({ ring: { maxEvents: 100 } })
    const running = await served(kind, hub, [feedOf(hub)])
    const [client, other] = [await Http2Client.connect(running.url), await Http2Client.connect(running.url)]
    const stalled = await client.open('/feed', 20, { reads: false })
    const readers = await other.open('/feed', 5)
    await publishTo(hub, readers, 60)
    expect(hub.stats().lagging).toBe(20)
    await publishTo(hub, readers, 180)
    expect(hub.stats().closed).toMatchObject({ slow: 20, client: 0 })
    await vi.waitFor(() => expect(stalled.every(({ stream }) => stream.closed)).toBe(true), PATIENTLY)
    expect(hub.size).toBe(5)
  })

  it('gets what it has missed, once it reads again', async () => {
    const hub = createHub()
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const [reader] = await client.open('/feed', 1)
    const [stalled] = await client.open('/feed', 1, { reads: false })
    if (reader === undefined || stalled === undefined) throw new Error('There is no stream')
    await publishTo(hub, [reader], 100)
    expect(hub.stats().lagging).toBe(1)
    stalled.stream.resume()
    await vi.waitFor(() => expect(stalled.events).toEqual(reader.events), PATIENTLY)
    await vi.waitFor(() => expect(hub.stats().lagging).toBe(0), PATIENTLY)
  })
})

it('[H5] a stream that takes nothing for `stallTimeout` is cut on every server, and its connection goes on', async () => {
  const cuts = await Promise.all(
    HTTP2_KINDS.map(async (kind) => {
      const hub = createHub({ stallTimeout: 1_000 })
      const running = await served(kind, hub, [feedOf(hub)])
      const client = await Http2Client.connect(running.url)
      const readers = await client.open('/feed', 3)
      const [stalled] = await client.open('/feed', 1, { reads: false })
      await publishTo(hub, readers, 60)
      await vi.waitFor(() => expect(stalled?.stream.closed).toBe(true), PATIENTLY)
      await publishTo(hub, readers, 61)
      const { stalled: cut, slow, client: left } = hub.stats().closed
      return [kind.name, { cut, slow, left, code: stalled?.stream.rstCode, hasEnded: stalled?.hasEnded }] as const
    }),
  )
  const expected = { cut: 1, slow: 0, left: 0, code: constants.NGHTTP2_CANCEL, hasEnded: false }
  expect(cuts).toEqual(HTTP2_KINDS.map(({ name }) => [name, expected]))
})

/** Publishes until readers have got a number of events; not faster than they read. */
async function publishTo(hub: Hub, readers: readonly Http2StreamClient[], total: number): Promise<void> {
  for (let n = readers[0]?.events.length ?? 0; n < total; n++) {
    await hub.publish('feed', { data: EVENT })
    if (n % 10 === 9 || n === total - 1) {
      await vi.waitFor(() => expect(readers.every(({ events }) => events.length > n)).toBe(true), PATIENTLY)
    }
  }
}
