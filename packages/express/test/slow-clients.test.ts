import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { createHub, type Hub, type HubOptions, type Source } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { connectionsOf, type Listening } from '@sse/tooling/listening'
import compression from 'compression'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZE = 16 * KIB
/** More than the kernel and the client hold while nobody reads, which is about 5 MiB and at most 10. */
const MANY = (16 * MIB) / SIZE

/** Bytes that no compression makes small, as text. */
function payload(size: number = SIZE): string {
  return randomBytes((size / 4) * 3).toString('base64')
}

/** What stands between a stream and its socket. */
const PATHS = [
  { path: 'nothing', encoding: null, compresses: false, headers: {} },
  { path: 'compression, which passes it through', encoding: null, compresses: true, headers: {} },
  { path: 'compression', encoding: 'gzip', compresses: true, headers: { 'Cache-Control': 'no-cache' } },
] as const

const CASES = VERSIONS.flatMap((version) => PATHS.map((path) => ({ ...version, ...path })))

describe.each(CASES)('[H6] [S11] a client that does not read, behind $path on $name', (form) => {
  it('holds one high-water mark of a subscription, and is cut when the ring has passed it', async () => {
    const onClose = vi.fn()
    const { hub, served, connect } = await start({ ring: { maxBytes: MIB }, onClose })
    const response = await connect(hub.subscribe('a'))
    await publishUntilStalled(hub)
    const { bytes } = hub.stats()
    const [connection] = hub.connections
    expect(connection?.bufferedBytes).toBeLessThan(256 * KIB)
    // Nothing is written to it any more, however much is published.
    let published = 0
    for (; onClose.mock.calls.length === 0; published++) {
      expect(hub.stats().bytes).toBe(bytes)
      await hub.publish('a', { data: payload() })
    }
    expect(published).toBeLessThan((2 * MIB) / SIZE)
    expect(onClose).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ topics: ['a'] }), 'slow')
    // [H5] It is cut, since an end would wait for it.
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    await expect(response.text()).rejects.toThrow()
  })

  it('[S2] [H4] gets everything when it reads again', async () => {
    const { hub, connect } = await start({ ring: { maxBytes: 64 * MIB } })
    const response = await connect(hub.subscribe('a'))
    let n = await publishUntilStalled(hub)
    for (const until = n + 50; n < until; n++) await hub.publish('a', { data: `${n} ${payload()}` })
    await hub.publish('a', { event: 'last', data: '' })
    const events = await readEvents(response, { until: ({ event }) => event === 'last' })
    expect(events.slice(0, -1).map(({ data }) => Number.parseInt(data, 10))).toEqual([...Array(n).keys()])
  })

  it('stops a generator, which goes on when it reads again, and is returned when it goes', async () => {
    const { connect } = await start()
    let made = 0
    const returned = deferred()
    const response = await connect(async function* () {
      try {
        for (;;) yield `${made++} ${payload()}`
      } finally {
        returned.resolve()
      }
    })
    let stopped = 0
    await vi.waitFor(async () => {
      stopped = made
      expect(await isStill(() => made === stopped)).toBe(true)
    })
    expect(stopped).toBeLessThan(MANY)
    const events = await readEvents(response, { take: stopped + 10 })
    expect(events.map(({ data }) => Number.parseInt(data, 10))).toEqual([...Array(stopped + 10).keys()])
    await returned.promise
  })

  it('is noticed when it goes, though it has not read', async () => {
    const { hub, served, connect, leave } = await start({ ring: { maxBytes: 64 * MIB } })
    const response = await connect(hub.subscribe('a'))
    await publishUntilStalled(hub)
    leave()
    await vi.waitFor(() => expect(hub.size).toBe(0))
    expect(hub.stats().closed.client).toBe(1)
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    await expect(response.text()).rejects.toThrow()
  })

  it('is cut when it is sent more, without awaiting it, than `maxBufferedBytes`', async () => {
    const { hub, connect } = await start()
    const answers = deferred<Promise<boolean>[]>()
    const response = await connect(({ send }) => {
      answers.resolve(Array.from({ length: MANY }, () => send(payload())))
    })
    expect(await Promise.all(await answers.promise)).toContain(false)
    expect(hub.stats().closed.slow).toBe(1)
    await expect(response.text()).rejects.toThrow()
  })

  it('[H5] is cut after `stallTimeout`', async () => {
    const { hub, served, connect } = await start({ stallTimeout: 100 })
    const response = await connect(async function* () {
      for (;;) yield payload()
    })
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    expect(hub.stats().closed.stalled).toBe(1)
    await expect(response.text()).rejects.toThrow()
  })

  it('[H5] is cut after `stallTimeout`, when its stream has ended', async () => {
    const { hub, served, connect } = await start({ stallTimeout: 100 })
    // A single event may be larger than `maxBufferedBytes`.
    const response = await connect(({ send, close }) => {
      void send(payload(16 * MIB))
      close()
    })
    await vi.waitFor(() => expect(hub.stats().closed.complete).toBe(1))
    await vi.waitFor(async () => expect(await connectionsOf(served.server)).toBe(0))
    await expect(response.text()).rejects.toThrow()
  })

  /** An application with one stream, and a client that does not read. */
  async function start(options: HubOptions = {}): Promise<{
    readonly hub: Hub
    readonly served: Listening
    connect(source: Source): Promise<Response>
    leave(): void
  }> {
    const hub = createHub(options)
    const { express, compresses, encoding, headers } = form
    const app = express()
    if (compresses) app.use(compression({ level: 1 }))
    let source: Source = null
    app.use(sse({ hub, headers })).get('/', (_req, res) => res.sse(source))
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
      leave: () => client.abort(),
    }
  }
})

/** Publishes numbered events until the one client takes no more, and answers how many. */
async function publishUntilStalled(hub: Hub): Promise<number> {
  for (let n = 0; n < MANY; ) {
    await hub.publish('a', { data: `${n++} ${payload()}` })
    await nextTurn()
    if (await isStill(() => hub.stats().lagging === 1)) return n
  }
  throw new Error('The client takes everything')
}

/** Whether something is true, and is for 50 ms: that nothing happens any more shows only in time. */
async function isStill(condition: () => boolean): Promise<boolean> {
  for (let passed = 0; passed < 50; passed += 2) {
    if (!condition()) return false
    await setTimeout(2)
  }
  return condition()
}
