import { createParser } from 'eventsource-parser'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveHttp } from '../../test/http-server.ts'
import { bytesInUse } from '../../test/memory.ts'
import { RawClient } from '../../test/raw-client.ts'
import { StageLog } from '../../test/stage-log.ts'
import { askFor, StreamClient, turns } from '../../test/stream-client.ts'
import { until, untilSettled } from '../../test/until.ts'
import type { ConnectionInfo } from '../connection/connection.ts'
import { eventStream } from '../node/event-stream.ts'
import { SseError } from '../wire/error.ts'
import type { Publication } from './event.ts'
import { createHub, type Hub } from './hub.ts'
import { memoryLog } from './memory-log.ts'
import type { HubOptions, Lag } from './options.ts'

const KIB = 1024
const MIB = 1024 * KIB

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('createHub', () => {
  it('asks a log that keeps history at once whether that is as much as its ring holds', () => {
    const tooLittle = new SseError('SSE_INVALID_FIELD', 'Option `maxEvents` must be at least 500.')
    const mustKeep = vi.fn((events: number) => {
      if (events > 400) throw tooLittle
    })
    const log = Object.assign(memoryLog(), { mustKeep })
    expect(() => createHub({ log, ring: { maxEvents: 500 } })).toThrow(tooLittle)
    createHub({ log, ring: { maxEvents: 400 } })
    expect(mustKeep.mock.calls).toEqual([[500], [400]])
  })

  it('[F3] does no I/O, sets no timer and draws no random number, also when it is asked and described', async () => {
    const log = { append: vi.fn(), follow: vi.fn(), compare: vi.fn(), isPosition: vi.fn() }
    const spies = [
      ...(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'] as const).map((name) =>
        vi.spyOn(globalThis, name),
      ),
      ...(['getRandomValues', 'randomUUID'] as const).map((name) => vi.spyOn(crypto, name)),
      vi.spyOn(Math, 'random'),
      vi.spyOn(performance, 'now'),
      vi.spyOn(Date, 'now'),
    ]
    for (const options of [undefined, {}, { log }, { heartbeat: 5, ring: { maxAge: 5 } }]) {
      const hub = createHub(options)
      hub.subscribe(['a', 'b/*'], { replay: 'all', filter: () => true, snapshot: () => [] })
      hub.disconnect(() => true)
      hub.stats()
      expect([hub.size, [...hub.connections]]).toEqual([0, []])
    }
    for (const spy of [...spies, ...Object.values(log)]) expect(spy).not.toHaveBeenCalled()
  })

  it('begins with the first `ready`, `publish` or stream, and follows the log once', async () => {
    const begin: ((hub: Hub) => unknown)[] = [
      (hub) => hub.ready,
      (hub) => hub.publish('a', { data: 'x' }),
      (hub) => StreamClient.open(hub.subscribe('a')),
      (hub) => hub.health(),
    ]
    for (const first of begin) {
      const log = new StageLog()
      const hub = createHub({ log })
      expect(log.followers).toBe(0)
      await first(hub)
      expect(log.followers).toBe(1)
      for (const next of begin) await next(hub)
      expect(log.followers).toBe(1)
      expect(log.tails).toHaveLength(1)
    }
  })

  it('sets its timer with its first stream and clears it with its last', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const hub = createHub()
    await hub.publish('a', { data: 'x' })
    expect(vi.getTimerCount()).toBe(0)
    const clients = [await StreamClient.open(hub.subscribe('a')), await StreamClient.open(hub.subscribe('a'))]
    expect(vi.getTimerCount()).toBe(1)
    for (const client of clients) await client.leave()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('hub.ready', () => {
  it('is the same promise each time, and resolved for a log that is there', async () => {
    const hub = createHub()
    expect(hub.ready).toBe(hub.ready)
    expect(await hub.ready).toBeUndefined()
    const used = createHub()
    await used.publish('a', { data: 'x' })
    await used.ready
  })
})

describe('hub.publish', () => {
  it('[E7] resolves with the id that is on the wire: visible ASCII, ever greater', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    const ids = await Promise.all([1, 2, 3].map((n) => hub.publish('a', { data: n })))
    expect((await client.settle()).events.map(({ id }) => id)).toEqual(ids)
    for (const id of ids) expect(id).toMatch(/^[0-9a-zA-Z-]+\.[0-9a-zA-Z-]+$/)
    expect(ids.map((id) => Number(id.split('.')[1]))).toEqual([1, 2, 3])
  })

  it('resolves when the log has the event, not when clients do', async () => {
    const hub = createHub()
    await StreamClient.open(hub.subscribe('a'))
    for (let i = 0; i < 50; i++) await hub.publish('a', { data: 'x'.repeat(10_000) })
    expect(hub.stats().lagging).toBe(1)
  })

  const circular: Record<string, unknown> = {}
  circular.self = circular
  const misuse: [name: string, topic: unknown, event: unknown, code: string, field: string][] = [
    ['a pattern', 'a/*', { data: 'x' }, 'SSE_INVALID_FIELD', 'topic'],
    ['a reserved topic', 'sse.x', { data: 'x' }, 'SSE_INVALID_FIELD', 'topic'],
    ['no topic', undefined, { data: 'x' }, 'SSE_INVALID_FIELD', 'topic'],
    ['a reserved event', 'a', { event: 'sse.gap', data: 'x' }, 'SSE_INVALID_FIELD', 'event'],
    ['[E2] an event with a line break', 'a', { event: 'x\ndata: forged', data: 'x' }, 'SSE_INVALID_FIELD', 'event'],
    ['[E10] an event without data', 'a', { event: 'x' }, 'SSE_INVALID_FIELD', 'data'],
    ['a function', 'a', { data: () => 1 }, 'SSE_INVALID_FIELD', 'data'],
    ['circular data', 'a', { data: circular }, 'SSE_INVALID_FIELD', 'data'],
    ['a BigInt', 'a', { data: 1n }, 'SSE_INVALID_FIELD', 'data'],
    ['half a surrogate pair', 'a', { data: '\ud800' }, 'SSE_INVALID_FIELD', 'data'],
    ['half of one within JSON-like text', 'a', { data: { text: 'x' }, key: '\udfff' }, 'SSE_INVALID_FIELD', 'key'],
    ['more bytes than there may be', 'a', { data: 'x'.repeat(1_001) }, 'SSE_LIMIT', 'data'],
    ['nothing', 'a', undefined, 'SSE_INVALID_FIELD', 'event'],
  ]
  for (const [name, topic, event, code, field] of misuse) {
    it(`[E8] throws at once for ${name}, before any client or the log has got anything`, async () => {
      const log = new StageLog()
      const hub = createHub({ log, limits: { eventBytes: 1_000 } })
      const client = await StreamClient.open(hub.subscribe('**'))
      await client.settle()
      const { text } = client
      expect(() => hub.publish(topic as string, event as Publication)).toThrow(
        expect.objectContaining({ name: 'SseError', code, message: expect.stringContaining(`\`${field}\``) }),
      )
      await client.settle()
      expect([client.text, log.records, hub.stats().published]).toEqual([text, [], 0])
      await hub.publish('a', { data: 'fine' })
      expect((await client.settle()).data).toEqual(['fine'])
    })
  }

  it('escapes half a surrogate pair within what it serializes, as JSON does', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    await hub.publish('a', { data: { text: '\ud800' } })
    expect((await client.settle()).data).toEqual(['{"text":"\\ud800"}'])
  })
})

describe('[S3] 100,000 awaited publishes in a loop', () => {
  it('reach two readers without a gap, in bounded memory', { timeout: 60_000 }, async () => {
    const { hub, port, reasons } = await served()
    const readers = [reader(port, 'disconnect'), reader(port, 'disconnect')]
    await vi.waitUntil(() => hub.size === 2)
    const before = bytesInUse()
    for (let i = 0; i < 100_000; i++) {
      await hub.publish('a', { data: String(i) })
      if (i % 10_000 === 0) expect(hub.stats().ring.bytes).toBeLessThan(MIB)
    }
    expect(bytesInUse() - before).toBeLessThan(16 * MIB)
    for (const each of readers) {
      await each.until(99_999)
      expect(each).toMatchObject({ received: 100_000, gaps: 0, holes: 0, connects: 1 })
    }
    expect(reasons).toEqual([])
    expect(hub.stats()).toMatchObject({ delivered: 200_000, gaps: { lag: 0, trimmed: 0 } })
  })
})

describe('[S8] 100,000 publishes that nobody awaits, in one turn', () => {
  it('give every reader all of them or an explicit gap, in bounded memory', { timeout: 60_000 }, async () => {
    const { hub, port } = await served()
    const readers = (['disconnect', 'skip', 'conflate', 'disconnect'] as const).map((lag) => reader(port, lag))
    await vi.waitUntil(() => hub.size === 4)
    const before = bytesInUse()
    const padding = 'x'.repeat(200)
    for (let i = 0; i < 100_000; i++) void hub.publish('a', { data: `${i} ${padding}` })
    // The promises themselves, and nothing of the events.
    expect(bytesInUse() - before).toBeLessThan(100 * MIB)
    await turns()
    expect(bytesInUse() - before).toBeLessThan(40 * MIB)
    expect(hub.stats().ring).toMatchObject({ events: 10_000 })
    // Who has skipped is at the head now: it learns from the next event that it is there.
    await hub.publish('a', { data: '100000' })
    for (const each of readers) {
      await each.until(100_000)
      expect(each.holes).toBe(0)
      if (each.received <= 100_000) expect(each.gaps).toBeGreaterThan(0)
    }
    // The kernel's buffers do not hold all of it.
    expect(readers.some(({ received }) => received <= 100_000)).toBe(true)
  })
})

describe('clients that never read', () => {
  it('[H6] hold at most what was in their sinks when these were full, and delay nobody', async () => {
    const hub = createHub({ ring: { maxBytes: 4 * MIB }, lag: 'skip' })
    for (let i = 0; i < 20; i++) await StreamClient.open(hub.subscribe('a'))
    const counted = await StreamClient.open(hub.subscribe('a'))
    let received = 0
    const counting = (async () => {
      while (await counted.read()) {
        received += counted.events.length
        counted.events.length = counted.writes.length = counted.blocks.length = 0
        if (received === 3_000) return
      }
    })()
    const before = bytesInUse()
    const data = 'x'.repeat(16 * KIB)
    for (let i = 0; i < 3_000; i++) {
      await hub.publish('a', { data })
      await turns(1)
    }
    await counting
    expect(received).toBe(3_000)
    expect([...hub.connections].filter(({ bufferedBytes }) => bufferedBytes > 34 * KIB)).toEqual([])
    expect(hub.stats()).toMatchObject({ lagging: 20, connections: 21 })
    expect(bytesInUse() - before).toBeLessThan(8 * MIB)
  })

  it('are lagging over a real socket, and get everything, or a gap, when they read again', async () => {
    const { hub, port } = await served({ ring: { maxBytes: 2 * MIB } })
    const client = RawClient.connect(port, { reads: false }).request('GET /?lag=skip')
    await vi.waitUntil(() => hub.size === 1)
    let published = 0
    while (hub.stats().lagging === 0) {
      await hub.publish('a', { data: `${published++} ${'x'.repeat(16 * KIB)}` })
      await turns(1)
    }
    const [info] = hub.connections
    expect(info?.state).toBe('lagging')
    expect(info?.bufferedBytes).toBeLessThan(128 * KIB)
    for (let i = 0; i < 300; i++) await hub.publish('a', { data: `${published++} ${'x'.repeat(16 * KIB)}` })
    expect([...hub.connections]).toMatchObject([{ state: 'lagging', cursor: info?.cursor }])
    client.resume()
    await client.untilBody('event: sse.gap')
    await hub.publish('a', { data: 'the last' })
    await client.untilBody('data: the last\n')
    expect(hub.stats()).toMatchObject({ lagging: 0, gaps: { lag: 1 } })
  })
})

describe('a long replay', () => {
  it('[S10] gives others their turn after every 256 KiB', async () => {
    const { hub, port } = await served()
    for (let i = 0; i < 500; i++) await hub.publish('a', { data: `${i} ${'x'.repeat(16 * KIB)}` })
    await turns()
    const client = RawClient.connect(port).request('GET /?replay=all')
    let before = 0
    let most = 0
    while (hub.stats().delivered < 500) {
      await turns(1)
      const { bytes } = hub.stats()
      most = Math.max(most, bytes - before)
      before = bytes
    }
    expect(most).toBeLessThan(300 * KIB)
    client.leave()
  })
})

describe('hub.stats', () => {
  it('counts what was done, exactly', async () => {
    const hub = createHub({ retry: 1_000, ring: { maxEvents: 3 } })
    const nothing = { trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 }
    const room = { connections: 0, perPrincipal: 0, perAddress: 0, closed: 0 }
    const resumed = { complete: 0, ended: 0, trimmed: 0, epoch: 0, 'unknown-id': 0 }
    const nobody = { client: 0, complete: 0, slow: 0, stalled: 0, expired: 0, revoked: 0, drain: 0, limit: 0, error: 0 }
    expect(hub.stats()).toEqual({
      connections: 0,
      lagging: 0,
      opened: 0,
      refused: room,
      published: 0,
      rejected: { eventBytes: 0, waiting: 0, log: 0 },
      delivered: 0,
      replayed: 0,
      bytes: 0,
      gaps: nothing,
      resumed,
      closed: nobody,
      log: { state: 'idle', waiting: 0, lag: 0 },
      ring: { events: 0, bytes: 0, from: '', head: '' },
    })
    const first = await StreamClient.open(hub.subscribe('a'))
    const both = await StreamClient.open(hub.subscribe(['a', 'b']))
    const ids: string[] = []
    for (const [topic, data] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
      ['c', '4'],
      ['a', '5'],
    ] as const) {
      ids.push(await hub.publish(topic, { data }))
      await first.settle()
      await both.settle()
    }
    await first.leave()
    await turns()
    const back = await StreamClient.open(hub.subscribe('a'), { lastEventId: ids[0] })
    const lost = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'other.1' })
    await back.settle()
    await lost.settle()
    const clients = [first, both, back, lost]
    expect(hub.stats()).toEqual({
      connections: 3,
      lagging: 0,
      opened: 4,
      refused: room,
      published: 5,
      rejected: { eventBytes: 0, waiting: 0, log: 0 },
      delivered: 3 + 4 + 2,
      replayed: 2,
      bytes: clients.reduce((sum, { text }) => sum + text.length, 0),
      gaps: { ...nothing, epoch: 1 },
      resumed: { ...resumed, complete: 1, epoch: 1 },
      closed: { ...nobody, client: 1 },
      log: { state: 'ready', waiting: 0, lag: 0 },
      ring: {
        events: 3,
        bytes: ids.slice(2).reduce((sum, id) => sum + `data: 3\nid: ${id}\n\n`.length, 0),
        from: ids[1],
        head: ids[4],
      },
    })
  })

  it('is a picture: what it was stays what it was', async () => {
    const hub = createHub()
    const before = hub.stats()
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'other.1' })
    await client.settle()
    await client.leave()
    expect([before.gaps.epoch, before.closed.client]).toEqual([0, 0])
    expect([hub.stats().gaps.epoch, hub.stats().closed.client]).toEqual([1, 1])
  })

  it('bounds the ring in age, also while nothing is published', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const hub = createHub({ ring: { maxAge: 60_000 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    client.flow()
    const ids = [await hub.publish('a', { data: '1' })]
    await turns()
    vi.advanceTimersByTime(40_000)
    ids.push(await hub.publish('a', { data: '2' }))
    await turns()
    vi.advanceTimersByTime(20_000)
    expect(hub.stats().ring.events).toBe(2)
    vi.advanceTimersByTime(2_000)
    expect(hub.stats().ring).toMatchObject({ events: 1, from: ids[0] })
    vi.advanceTimersByTime(60_000)
    expect(hub.stats().ring).toMatchObject({ events: 0, bytes: 0, from: ids[1], head: ids[1] })
    const back = await StreamClient.open(hub.subscribe('a'), { lastEventId: ids[0] })
    expect((await back.settle()).gaps).toMatchObject([{ reason: 'trimmed', from: ids[0], to: ids[1] }])
  })
})

describe('hub.connections', () => {
  it('shows each open connection as it is at the moment', async () => {
    const hub = createHub()
    const began = Date.now()
    const first = await StreamClient.open(hub.subscribe(['a', 'b/*']), { principal: 'ann', address: '192.0.2.1' })
    await StreamClient.open(hub.subscribe('c'))
    const id = await hub.publish('a', { data: '1' })
    await first.settle()
    const infos = [...hub.connections]
    expect(infos).toEqual([
      {
        id: expect.any(String),
        principal: 'ann',
        address: '192.0.2.1',
        topics: ['a', 'b/*'],
        openedAt: expect.any(Date),
        cursor: id,
        state: 'live',
        bufferedBytes: 0,
      },
      expect.objectContaining({ principal: undefined, address: undefined, topics: ['c'], cursor: id }),
    ])
    expect(infos[0]?.openedAt.getTime()).toBeGreaterThanOrEqual(began)
    expect(new Set(infos.map((info) => info.id)).size).toBe(2)
    expect(hub.size).toBe(2)
    await first.leave()
    expect([...hub.connections].map(({ topics }) => topics)).toEqual([['c']])
    expect(hub.size).toBe(1)
    expect(infos).toHaveLength(2)
  })

  it('shows who does not read, over a socket: where from, what it chose, up to where it was served, and what waits for it', async () => {
    const hub = createHub()
    const { port } = await serveHttp((request, response) => {
      const principal = request.headers.authorization
      void eventStream(request, response, hub.subscribe(['a', 'b/*']), { principal })
    })
    const clients = ['ann', 'bob'].map((name) =>
      RawClient.connect(port).request(`GET / HTTP/1.1\r\nAuthorization: ${name}`),
    )
    for (const client of clients) await client.untilBody('id: ')
    clients[0]?.pause()
    const infoOf = (name: string): ConnectionInfo | undefined =>
      [...hub.connections].find(({ principal }) => principal === name)
    const waiting = (): number => infoOf('ann')?.bufferedBytes ?? 0
    let last = ''
    while (infoOf('ann')?.state === 'live') {
      last = await hub.publish('a', { data: 'x'.repeat(256 * KIB) })
      await untilSettled(waiting)
    }
    await clients[1]?.untilBody(last)
    await until(() => infoOf('bob')?.state === 'live')
    const common = { address: '127.0.0.1', topics: ['a', 'b/*'] }
    expect(infoOf('bob')).toMatchObject({ ...common, state: 'live', bufferedBytes: 0, cursor: last })
    expect(infoOf('ann')).toMatchObject({ ...common, state: 'lagging' })
    clients[0]?.resume()
    await clients[0]?.untilBody(last)
    await until(() => infoOf('ann')?.state === 'live')
    expect(infoOf('ann')).toMatchObject({ bufferedBytes: 0, cursor: last })
    await hub.close()
  })
})

describe('onClose', () => {
  it('is told once of each stream that has ended, how it was, and why', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] })
    const closed: [ConnectionInfo, string][] = []
    const hub = createHub({ onClose: (connection, reason) => closed.push([connection, reason]) })
    const client = await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    const id = await hub.publish('a', { data: '1' })
    await client.settle()
    await client.leave()
    expect(closed).toEqual([[expect.objectContaining({ principal: 'ann', topics: ['a'], cursor: id }), 'client']])
    const until = (): boolean => true
    await (await StreamClient.open(hub.subscribe('a', { until, replay: 'all' }))).toEnd()
    const expiring = await StreamClient.open(hub.subscribe('a'), { expiresAt: Date.now() + 5 })
    vi.advanceTimersByTime(1_000)
    await expiring.toEnd()
    const revoked = await StreamClient.open(hub.subscribe('a'))
    hub.disconnect(() => true)
    await revoked.toEnd()
    const drained = await StreamClient.open(hub.subscribe('a'))
    await hub.close()
    await drained.toEnd()
    expect(closed.map(([, reason]) => reason)).toEqual(['client', 'complete', 'expired', 'revoked', 'drain'])
    expect(hub.stats().closed).toMatchObject({ client: 1, complete: 1, expired: 1, revoked: 1, drain: 1, error: 0 })
  })

  it('is told where the client was, also on a socket, which does not know any more', async () => {
    const addresses: unknown[] = []
    const hub = createHub({ onClose: ({ address }) => addresses.push(address) })
    const server = await serveHttp((request, response) => void eventStream(request, response, hub.subscribe('a')))
    const client = RawClient.connect(server.port).request('GET /')
    await client.untilBody('id: ')
    client.leave()
    await vi.waitUntil(() => addresses.length > 0)
    expect(addresses).toEqual(['127.0.0.1'])
  })

  it('[H11] that throws is reported, and disturbs nobody', async () => {
    const errors: unknown[] = []
    const hub = createHub({
      onError: (error, context) => errors.push([error, context]),
      onClose: () => {
        throw new Error('thrown')
      },
    })
    const [first, second] = [await StreamClient.open(hub.subscribe('a')), await StreamClient.open(hub.subscribe('a'))]
    await first.leave()
    await hub.publish('a', { data: '1' })
    expect((await second.settle()).data).toEqual(['1'])
    expect(errors).toEqual([[new Error('thrown'), { stage: 'onClose' }]])
    expect(hub.size).toBe(1)
  })
})

describe('onError', () => {
  it('that throws is told to the console, with what it has thrown', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = new StageLog()
    const hub = createHub({
      log,
      onError: () => {
        throw new Error('thrown')
      },
    })
    const client = await StreamClient.open(hub.subscribe('a'))
    log.depart(new Error('away'))
    log.arrive()
    log.putAll('a', '1')
    expect((await client.settle()).data).toEqual(['1'])
    expect(told.mock.calls).toEqual([['@sse/core: onError:', new Error('thrown')]])
  })

  it('that is not there is the console', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = new StageLog()
    const hub = createHub({ log })
    await hub.ready
    log.depart(new Error('away'))
    expect(told.mock.calls).toEqual([['@sse/core: log:', new Error('away')]])
  })
})

describe('10,000 clients that come and go', () => {
  it('[H12] leave nothing behind', async () => {
    const hub = createHub({ limits: { perPrincipal: 9, perAddress: 9 } })
    const comeAndGo = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const name = String(i).padEnd(1_024, 'x')
        const { body } = await askFor(hub.subscribe(['a', 'b/*']), { principal: name, address: name })
        await body?.cancel()
      }
    }
    await comeAndGo(100)
    const before = bytesInUse()
    await comeAndGo(10_000)
    // A kilobyte of each would be ten megabytes.
    expect(bytesInUse() - before).toBeLessThan(2 * MIB)
    expect(hub.stats()).toMatchObject({ connections: 0, closed: { client: 10_100 } })
  })
})

describe('hub.disconnect', () => {
  it('ends the streams of a principal, and tells how many', async () => {
    const hub = createHub()
    const [ann, bob, again] = await Promise.all(
      ['ann', 'bob', 'ann'].map((principal) => StreamClient.open(hub.subscribe('a'), { principal })),
    )
    expect(hub.disconnect({ principal: 'ann' })).toBe(2)
    expect(hub.disconnect({ principal: 'nobody' })).toBe(0)
    for (const client of [ann, again]) expect((await client?.toEnd())?.state).toBe('ended')
    await hub.publish('a', { data: '1' })
    expect((await bob?.settle())?.data).toEqual(['1'])
    expect(hub.stats().closed.revoked).toBe(2)
  })

  it('ends the streams that are picked', async () => {
    const hub = createHub()
    const [a, b] = await Promise.all(['a', 'b'].map((topic) => StreamClient.open(hub.subscribe(topic))))
    expect(hub.disconnect(({ topics }) => topics.includes('a'))).toBe(1)
    expect((await a?.toEnd())?.state).toBe('ended')
    expect((await b?.settle())?.state).toBe('open')
  })

  it('tells the reason as a comment, whatever its lines', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    hub.disconnect({ principal: 'ann' }, 'signed out\ndata: forged')
    await client.toEnd()
    expect(client.blocks.at(-1)).toBe(': signed out\n: data: forged')
    expect(client.events).toEqual([])
  })

  it('sends what was published before it, first', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    await hub.publish('a', { data: '1' })
    await turns()
    hub.disconnect({ principal: 'ann' })
    expect((await client.toEnd()).data).toEqual(['1'])
  })

  it.each([{ principal: 'ann' }, ({ topics }: ConnectionInfo) => topics.includes('a')])(
    'reaches a client that was let in before, and whose stream opens after',
    async (where) => {
      const { hub, port } = await served()
      const { port: late } = await serveHttp((request, response) => {
        void eventStream(request, response, hub.subscribe('a'), { principal: 'ann' })
        hub.disconnect(where)
      })
      const client = RawClient.connect(late).request('GET / HTTP/1.1')
      await client.untilComplete()
      expect(hub.stats().closed.revoked).toBe(1)
      // It is not for ever.
      await RawClient.connect(port).request('GET / HTTP/1.1').untilBody('id: ')
      expect(hub.size).toBe(1)
    },
  )

  it('reaches every hub of the log, once', async () => {
    const log = memoryLog()
    const closed: string[] = []
    const onClose = (_: unknown, reason: string): number => closed.push(reason)
    const [here, there] = [createHub({ log, onClose }), createHub({ log, onClose })]
    const request = { principal: 'ann' }
    const clients = [
      await StreamClient.open(here.subscribe('a'), request),
      await StreamClient.open(there.subscribe('a'), request),
      await StreamClient.open(there.subscribe('a'), request),
    ]
    const other = await StreamClient.open(there.subscribe('a'), { principal: 'bob' })
    expect(here.disconnect(request, 'signed out')).toBe(1)
    for (const client of clients) expect((await client.toEnd()).blocks.at(-1)).toBe(': signed out')
    expect((await other.settle()).state).toBe('open')
    expect(closed).toEqual(['revoked', 'revoked', 'revoked'])
    // Who comes back is the application's to refuse: it is not for ever.
    expect((await (await StreamClient.open(here.subscribe('a'), request)).settle()).state).toBe('open')
  })

  it('by a predicate stays in this process', async () => {
    const log = memoryLog()
    const [here, there] = [createHub({ log }), createHub({ log })]
    await StreamClient.open(here.subscribe('a'))
    await StreamClient.open(there.subscribe('a'))
    expect(here.disconnect(() => true)).toBe(1)
    expect([here.size, there.size]).toEqual([0, 1])
  })

  it('reports a log that does not take it, having ended what is here', async () => {
    const errors: unknown[] = []
    const log = new StageLog()
    const hub = createHub({ log, onError: (error, context) => errors.push([error, context]) })
    await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    log.refusal = new Error('away')
    expect(hub.disconnect({ principal: 'ann' })).toBe(1)
    await turns()
    expect(errors).toEqual([[expect.objectContaining({ code: 'SSE_LOG' }), { stage: 'disconnect' }]])
  })

  it('refuses a principal or a reason that is none, and ends nobody', async () => {
    const hub = createHub()
    await StreamClient.open(hub.subscribe('a'))
    for (const principal of [undefined, 5, null]) {
      expect(() => hub.disconnect({ principal: principal as unknown as string })).toThrow(
        expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`principal`') }),
      )
    }
    expect(() => hub.disconnect(() => true, '\ud800')).toThrow(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
    expect(hub.size).toBe(1)
  })
})

describe('two hubs on one log', () => {
  it('give the same events the same ids, so that a client may resume on either', async () => {
    const log = memoryLog()
    const [one, two] = [createHub({ log }), createHub({ log })]
    await Promise.all([one.ready, two.ready])
    const first = await StreamClient.open(one.subscribe('a'))
    const ids = [await one.publish('a', { data: '1' }), await two.publish('a', { data: '2' })]
    expect((await first.settle()).events.map(({ id }) => id)).toEqual(ids)
    const second = await StreamClient.open(two.subscribe('a'), { lastEventId: ids[0] })
    expect((await second.settle()).events).toEqual([{ event: undefined, data: '2', id: ids[1] }])
  })
})

/** A hub of which each client of a server streams `a`, with the policy that it asks for. */
async function served(options: HubOptions = {}): Promise<{ hub: Hub; port: number; reasons: string[] }> {
  const reasons: string[] = []
  const hub = createHub({ retry: 0, ...options, onClose: (_, reason) => reasons.push(reason) })
  const { port } = await serveHttp((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const lag = (searchParams.get('lag') ?? 'disconnect') as Lag
    const replay = searchParams.get('replay') === 'all' ? 'all' : 'none'
    void eventStream(request, response, hub.subscribe('a', { lag, replay }))
  })
  onTestFinished(() => hub.close())
  return { hub, port, reasons }
}

/** A client that counts what begins with a number, keeps nothing, and comes back with its id when it is cut. */
class CountingReader {
  received = 0
  gaps = 0
  /** Numbers that are missing without a gap, or came twice. */
  holes = 0
  connects = 0
  #next = 0
  #hasGap = false
  #lastEventId = ''
  readonly #url: string
  readonly #abort = new AbortController()
  readonly #waiting: { number: number; resolve: () => void }[] = []

  constructor(url: string) {
    this.#url = url
    onTestFinished(() => this.#abort.abort())
    void this.#run()
  }

  /** Resolves when a number has come. */
  until(number: number): Promise<void> {
    if (this.#next > number) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ number, resolve }))
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.connects++
      await this.#connect().catch(() => {})
    }
  }

  async #connect(): Promise<void> {
    const headers = {
      Accept: 'text/event-stream',
      ...(this.#lastEventId !== '' && { 'Last-Event-ID': this.#lastEventId }),
    }
    const { body } = await fetch(this.#url, { headers, signal: this.#abort.signal })
    const decoder = new TextDecoder()
    const parser = createParser({
      onId: (id) => {
        this.#lastEventId = id
      },
      onEvent: ({ event, data }) => {
        if (event === 'sse.gap') this.#gap()
        else this.#take(Number.parseInt(data, 10))
      },
    })
    for await (const bytes of body ?? []) parser.feed(decoder.decode(bytes, { stream: true }))
  }

  #gap(): void {
    this.gaps++
    this.#hasGap = true
  }

  #take(number: number): void {
    this.received++
    if (this.#hasGap ? number < this.#next : number !== this.#next) this.holes++
    this.#hasGap = false
    this.#next = number + 1
    for (const { number: wanted, resolve } of this.#waiting) if (number >= wanted) resolve()
  }
}

function reader(port: number, lag: Lag): CountingReader {
  return new CountingReader(`http://127.0.0.1:${port}/?lag=${lag}`)
}
