import { once } from 'node:events'
import { constants } from 'node:http2'
import { createHub, type SourceFunction } from '@sse/core'
import { describe, expect, it, vi } from 'vitest'
import type { Route } from '../servers/site.ts'
import { Http2Client, type Http2StreamClient } from './http2-client.ts'
import { feedOf, HTTP2_KINDS, PATIENTLY, served } from './served.ts'

const KIB = 1024

type Leave = (client: Http2Client, stream: Http2StreamClient) => unknown

/** How a client may go, or seem to. */
const WAYS: readonly (readonly [name: string, leave: Leave])[] = [
  ['resets its stream with NO_ERROR', (_, { stream }) => stream.close(constants.NGHTTP2_NO_ERROR)],
  ['resets its stream with CANCEL', (_, { stream }) => stream.close(constants.NGHTTP2_CANCEL)],
  ['resets its stream with INTERNAL_ERROR', (_, { stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['ends its connection', ({ session }) => session.destroy()],
  ['says GOAWAY with an error', ({ session }) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
  ['loses its socket', ({ socket }) => socket.destroy()],
]

describe.each(HTTP2_KINDS)('$name, when a client', (kind) => {
  it.each(WAYS)('%s, ends an idle source at once', async (_, leave) => {
    const hub = createHub({ heartbeat: false })
    const { route, aborted, returned } = idle()
    const running = await served(kind, hub, [route])
    const client = await Http2Client.connect(running.url)
    const [stream] = await client.open('/idle', 1)
    if (stream === undefined) throw new Error('There is no stream')
    await vi.waitFor(() => expect(stream.data).toEqual(['first']), PATIENTLY)
    expect(hub.size).toBe(1)
    leave(client, stream)
    await vi.waitFor(() => expect(hub.size).toBe(0), PATIENTLY)
    expect(aborted).toHaveBeenCalledTimes(1)
    expect(returned).toHaveBeenCalledTimes(1)
    expect(hub.stats().closed.client).toBe(1)
  })

  it.each(WAYS)('%s while bytes wait, lets go of it at once', async (_, leave) => {
    const hub = createHub({ heartbeat: false })
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const [stream] = await client.open('/feed', 1, { reads: false })
    if (stream === undefined) throw new Error('There is no stream')
    while (hub.stats().lagging === 0) {
      await hub.publish('feed', { data: 'x'.repeat(16 * KIB) })
      await new Promise(setImmediate)
    }
    leave(client, stream)
    await vi.waitFor(() => expect(hub.size).toBe(0), PATIENTLY)
    expect(hub.stats().closed).toMatchObject({ client: 1, slow: 0, stalled: 0 })
  })

  it('goes in the middle of opening a hundred streams, keeps none of them', async () => {
    const hub = createHub({ heartbeat: false })
    const { route, aborted, returned } = idle()
    const running = await served(kind, hub, [feedOf(hub), route])
    for (let round = 0; round < 3; round++) {
      const client = await Http2Client.connect(running.url)
      const streams = Array.from({ length: 100 }, (_, n) => client.request(n % 2 === 0 ? '/feed' : '/idle'))
      await streams[10 * round]?.head
      for (const { stream } of streams)
        stream.close(round % 2 === 0 ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR)
      await vi.waitFor(() => expect(hub.size).toBe(0), PATIENTLY)
      const closed = once(client.session, 'close')
      client.session.close()
      await closed
    }
    await vi.waitFor(() => expect(hub.size).toBe(0), PATIENTLY)
    expect(returned).toHaveBeenCalledTimes(aborted.mock.calls.length)
  })

  it('says GOAWAY without an error, goes on with what it has asked for', async () => {
    const hub = createHub()
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const [stream] = await client.open('/feed', 1)
    client.session.goaway(constants.NGHTTP2_NO_ERROR)
    for (const data of ['one', 'two']) {
      await hub.publish('feed', { data })
      await vi.waitFor(() => expect(stream?.data).toContain(data), PATIENTLY)
    }
    expect(hub.size).toBe(1)
  })
})

/** A source that has one event, and then waits for ever. */
function idle() {
  const [aborted, returned] = [vi.fn(), vi.fn()]
  const source: SourceFunction = ({ signal }) => {
    signal.addEventListener('abort', aborted)
    const first = Promise.resolve({ done: false as const, value: 'first' })
    const next = vi.fn(() => (next.mock.calls.length === 1 ? first : new Promise<never>(() => {})))
    const end = (): Promise<IteratorReturnResult<undefined>> => {
      returned()
      return Promise.resolve({ done: true, value: undefined })
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: end }) }
  }
  const route: Route = { method: 'GET', path: '/idle', source: () => source }
  return { route, aborted, returned }
}
