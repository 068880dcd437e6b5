import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createHub, type Hub, type HubOptions, type Source } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { connectionsOf } from '@sse/tooling/listening'
import compress from 'koa-compress'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { type Served, serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZE = 16 * KIB
/** More than the kernel and the client hold while nobody reads, which is about 5 MiB and at most 10. */
const MANY = (16 * MIB) / SIZE

/** What stands between a stream and its socket. */
const PATHS = [
  { path: 'nothing', encoding: null, headers: {} },
  { path: 'koa-compress', encoding: 'gzip', headers: { 'Cache-Control': 'no-cache' } },
] as const

const CASES = VERSIONS.flatMap((version) => PATHS.map((path) => ({ ...version, ...path })))

describe.each(CASES)('[H6] a client that does not read, behind $path on $name', ({ Koa, encoding, headers }) => {
  it('holds little of a subscription, and is cut when the ring has passed it', async () => {
    const onClose = vi.fn()
    const { hub, served, connect } = await start({ ring: { maxBytes: MIB }, onClose })
    const response = await connect(hub.subscribe('a'))
    let bufferedBytes = 0
    for (let n = 0; onClose.mock.calls.length === 0; n++) {
      await hub.publish('a', { data: payload() })
      await nextTurn()
      for (const connection of hub.connections) bufferedBytes = Math.max(bufferedBytes, connection.bufferedBytes)
      expect(n).toBeLessThan(MANY)
    }
    expect(bufferedBytes).toBeLessThan(256 * KIB)
    expect(onClose).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ topics: ['a'] }), 'slow')
    // [H5] It is cut, since an end would wait for it.
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    await expect(response.text()).rejects.toThrow()
    expect(served.errors).toEqual([])
  })

  it('[S2] gets everything when it reads again', async () => {
    const { hub, connect } = await start({ ring: { maxBytes: 64 * MIB } })
    const response = await connect(hub.subscribe('a'))
    let n = 0
    for (; hub.stats().lagging === 0; n++) {
      await hub.publish('a', { data: `${n} ${payload()}` })
      await nextTurn()
    }
    for (const until = n + 50; n < until; n++) await hub.publish('a', { data: `${n} ${payload()}` })
    await hub.publish('a', { event: 'last', data: '' })
    const events = await readEvents(response, { until: ({ event }) => event === 'last' })
    expect(events.slice(0, -1).map(({ data }) => Number.parseInt(data, 10))).toEqual([...Array(n).keys()])
  })

  it('stops a generator, and is cut after `stallTimeout`', async () => {
    const { hub, served, connect } = await start({ stallTimeout: 100 })
    const returned = deferred<number>()
    const response = await connect(async function* () {
      let made = 0
      try {
        for (; ; made++) yield payload()
      } finally {
        returned.resolve(made)
      }
    })
    expect(await returned.promise).toBeLessThan(MANY)
    expect(hub.stats().closed.stalled).toBe(1)
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    await expect(response.text()).rejects.toThrow()
    expect(served.errors).toEqual([])
  })

  it('is cut when it is sent more, without awaiting it, than `maxBufferedBytes`', async () => {
    const { hub, connect } = await start()
    const [arrived, answers] = [deferred(), deferred<Promise<boolean>[]>()]
    const response = await connect(async ({ send, closed }) => {
      await send('first')
      await arrived.promise
      answers.resolve(Array.from({ length: MANY }, () => send(payload())))
      await closed
    })
    arrived.resolve()
    expect(await Promise.all(await answers.promise)).toContain(false)
    expect(hub.stats().closed.slow).toBe(1)
    await expect(response.text()).rejects.toThrow()
  })

  it('is cut when it is sent more than that before its head is', async () => {
    const { hub, connect } = await start()
    const response = connect(({ send }) => {
      for (let n = 0; n < MANY; n++) void send(payload())
    })
    await expect(response).rejects.toThrow()
    expect(hub.stats().closed.slow).toBe(1)
  })

  /** An application with one stream, and a client that does not read. */
  async function start(options: HubOptions = {}): Promise<{
    readonly hub: Hub
    readonly served: Served
    connect(source: Source): Promise<Response>
  }> {
    const hub = createHub(options)
    const app = new Koa().use(compress())
    let source: Source = null
    app.use(sse({ hub, headers }))
    app.use((ctx) => ctx.sse(source))
    const served = await serve(app)
    const client = new AbortController()
    onTestFinished(() => client.abort())
    return {
      hub,
      served,
      async connect(next) {
        source = next
        const response = await fetch(served.url, { headers: { 'Accept-Encoding': 'gzip' }, signal: client.signal })
        expect(response.headers.get('Content-Encoding')).toBe(encoding)
        return response
      },
    }
  }
})

/** Bytes that no compression makes small, as text. */
function payload(size: number = SIZE): string {
  return randomBytes((size / 4) * 3).toString('base64')
}
