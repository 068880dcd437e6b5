import { createServer } from 'node:http'
import { type CloseReason, createHub, createPublisher, type EventLog, type Hub, type SubscribeOptions } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { type EventReading, readEvents } from '@sse/core/testing'
import type { Engine } from '@sse/tooling/engines'
import { sharedRedis, startRedisForTest } from '@sse/tooling/engines-for-test'
import { listeningForTest } from '@sse/tooling/listening'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type RedisLogOptions, redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { until } from './follower.ts'
import { Network } from './network.ts'

interface Events {
  message: string
}

/** What a process has: a hub of its own, and a server. */
interface Node {
  readonly hub: Hub<Events>
  readonly url: string
  readonly closed: CloseReason[]
}

const redis = sharedRedis()
let keys = 0

async function nodeForTest(log: EventLog, options?: SubscribeOptions<Events>): Promise<Node> {
  const closed: CloseReason[] = []
  const hub = createHub<Events>({ log, onError: () => {}, onClose: (_, reason) => closed.push(reason) })
  const subscription = hub.subscribe('news', options)
  const server = createServer((request, response) => {
    void eventStream(request, response, subscription, { principal: request.headers.authorization })
  })
  const { url } = await listeningForTest(server)
  onTestFinished(() => hub.close())
  await hub.ready
  return { hub, url, closed }
}

/** Two processes that share a log. */
async function twoNodes(engine: Engine, options: RedisLogOptions = {}): Promise<[Node, Node]> {
  const key = `log-${++keys}`
  const log = (): EventLog => redisLog({ url: engine.url, key, probeInterval: 250, publishTimeout: 15_000, ...options })
  return [await nodeForTest(log()), await nodeForTest(log())]
}

/** A client whose stream is open. */
async function clientOf(
  { url }: Node,
  options?: Parameters<typeof readEvents>[1],
): Promise<{ readonly reading: EventReading }> {
  const reading = readEvents(url, options)
  onTestFinished(async () => void (await reading.return()))
  await reading.response
  return { reading }
}

/** Its events up to one with this text. */
async function eventsUntil(reading: EventReading, text: string) {
  const events: { readonly event: string; readonly data: string; readonly id: string }[] = []
  for (let next = await reading.next(); next.value !== undefined; next = await reading.next()) {
    const { event, data, id } = next.value
    events.push({ event, data, id: String(id) })
    if (data === text) return events
  }
  throw new Error(`the stream ended before ${text}: ${JSON.stringify(events)}`)
}

describe('two hubs with one log', () => {
  it('send what either publishes to the clients of both, in one order, with one id', async (context) => {
    const [a, b] = await twoNodes(await redis(context))
    const clients = [await clientOf(a), await clientOf(b)]
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).hub.publish('news', { data: `event ${i}` })),
    )
    await b.hub.publish('news', { data: 'last' })
    const [one, other] = await Promise.all(clients.map(({ reading }) => eventsUntil(reading, 'last')))
    expect(one).toEqual(other)
    expect(
      one
        ?.map(({ id }) => id)
        .slice(0, -1)
        .sort(),
    ).toEqual([...ids].sort())
  })

  it('let a client go on at the other one with its id, without loss or repetition', async (context) => {
    const [a, b] = await twoNodes(await redis(context))
    const { reading } = await clientOf(a)
    for (let i = 0; i < 10; i++) await b.hub.publish('news', { data: String(i) })
    const before = await eventsUntil(reading, '4')
    await reading.return()
    const { reading: resumed } = await clientOf(b, { lastEventId: before.at(-1)?.id ?? '' })
    await a.hub.publish('news', { data: 'last' })
    const after = await eventsUntil(resumed, 'last')
    expect([...before, ...after].map(({ data }) => data)).toEqual([...'0123456789', 'last'])
  })

  it('let a client go on at a process that has just started, from what the log keeps', async (context) => {
    const engine = await redis(context)
    const [a] = await twoNodes(engine)
    const key = `log-${keys}`
    const { reading } = await clientOf(a)
    for (let i = 0; i < 10; i++) await a.hub.publish('news', { data: String(i) })
    const { id } = (await eventsUntil(reading, '4')).at(-1) ?? { id: '' }
    const started = await nodeForTest(redisLog({ url: engine.url, key }))
    expect(started.hub.stats().ring.events).toBe(10)
    const { reading: resumed } = await clientOf(started, { lastEventId: id })
    expect((await eventsUntil(resumed, '9')).map(({ data }) => data)).toEqual([...'56789'])
  })

  it('end the streams of a principal on both', async (context) => {
    const [a, b] = await twoNodes(await redis(context))
    const { reading } = await clientOf(a, { headers: { authorization: 'ann' } })
    const { reading: other } = await clientOf(a, { headers: { authorization: 'bob' } })
    expect(b.hub.disconnect({ principal: 'ann' })).toBe(0)
    expect(await reading).toEqual([])
    expect(a.closed).toEqual(['revoked'])
    await b.hub.publish('news', { data: 'to bob' })
    expect((await eventsUntil(other, 'to bob')).map(({ event }) => event)).toEqual(['message'])
  })

  it('get what a process publishes that has no hub', async (context) => {
    const engine = await redis(context)
    const [a] = await twoNodes(engine)
    const { reading } = await clientOf(a)
    const publisher = createPublisher<Events>({ log: redisLog({ url: engine.url, key: `log-${keys}` }) })
    const id = await publisher.publish('news', { data: 'hello' })
    expect(await eventsUntil(reading, 'hello')).toEqual([{ event: 'message', data: 'hello', id }])
    await publisher.close()
  })
})

describe('clients whose log is lost', () => {
  it('are told of one gap each, on every node, and go on', async (context) => {
    const engine = await startRedisForTest(context, { appendonly: true })
    const [a, b] = await twoNodes(engine)
    const clients = [await clientOf(a), await clientOf(a), await clientOf(b)]
    await a.hub.publish('news', { data: 'before' })
    for (const { reading } of clients) await eventsUntil(reading, 'before')
    await engine.kill()
    await engine.restart()
    await b.hub.publish('news', { data: 'after' })
    for (const { reading } of clients) {
      const [gap, ...rest] = await eventsUntil(reading, 'after')
      expect(gap).toMatchObject({ event: 'sse.gap', data: expect.stringContaining('"reason":"epoch"') })
      expect(rest.map(({ event }) => event)).toEqual(['message'])
    }
    for (const { hub } of [a, b]) expect(await hub.health()).toEqual({ ok: true })
  })

  it('are told of none where a Redis that lost nothing is trusted', async (context) => {
    const engine = await startRedisForTest(context, { appendonly: true, appendfsync: 'always' })
    const [a, b] = await twoNodes(engine, { failover: 'trust' })
    const clients = [await clientOf(a), await clientOf(b)]
    await a.hub.publish('news', { data: 'before' })
    await engine.kill()
    await engine.restart()
    await b.hub.publish('news', { data: 'after' })
    for (const { reading } of clients) {
      const events = await eventsUntil(reading, 'after')
      expect(events.map(({ data }) => data)).toEqual(['before', 'after'])
    }
  })

  it('are told of one gap where the stream was trimmed while their node was cut off, or are sent a snapshot', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = `log-${++keys}`
    const a = await nodeForTest(redisLog({ url: network.url, key, probeInterval: 250 }))
    const withSnapshot = await nodeForTest(redisLog({ url: network.url, key, probeInterval: 250 }), {
      snapshot: () => [{ data: 'snapshot' }],
    })
    const b = await nodeForTest(redisLog({ url: engine.url, key, probeInterval: 250 }))
    const { reading } = await clientOf(a)
    const { reading: other } = await clientOf(withSnapshot)
    await b.hub.publish('news', { data: 'before' })
    await eventsUntil(reading, 'before')
    await eventsUntil(other, 'before')
    network.close()
    await until(() => a.hub.stats().log.state === 'away' && withSnapshot.hub.stats().log.state === 'away')
    for (let i = 0; i < 20; i++) await b.hub.publish('news', { data: String(i) })
    await command(engine, 'XTRIM', key, 'MAXLEN', 5)
    network.open()
    await vi.waitFor(async () => expect(await a.hub.health()).toEqual({ ok: true }), { timeout: 10_000 })
    const events = await eventsUntil(reading, '19')
    expect(events.filter(({ event }) => event === 'sse.gap')).toHaveLength(1)
    expect(events[0]).toMatchObject({ event: 'sse.gap', data: expect.stringContaining('"reason":"trimmed"') })
    expect(events.slice(1).map(({ data }) => data)).toEqual(['15', '16', '17', '18', '19'])
    const told = await eventsUntil(other, 'snapshot')
    expect(told.map(({ event }) => event)).toEqual(['sse.gap', 'message'])
  })
})

describe('a node whose Redis is away', () => {
  it('[L4] keeps its streams open with comments, says so, and goes on without a gap', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = `log-${++keys}`
    const node = await nodeForTest(redisLog({ url: network.url, key, probeInterval: 250 }))
    const other = await nodeForTest(redisLog({ url: engine.url, key, probeInterval: 250 }))
    const { reading } = await clientOf(node)
    await other.hub.publish('news', { data: 'before' })
    await eventsUntil(reading, 'before')
    network.close()
    await vi.waitFor(
      async () => expect(await node.hub.health()).toMatchObject({ ok: false, error: { code: 'SSE_LOG' } }),
      {
        timeout: 10_000,
      },
    )
    expect(node.hub.size).toBe(1)
    await other.hub.publish('news', { data: 'meanwhile' })
    network.open()
    expect((await eventsUntil(reading, 'meanwhile')).map(({ data }) => data)).toEqual(['meanwhile'])
    expect(await node.hub.health()).toEqual({ ok: true })
  })

  it('[L4] says how far behind it is, which grows from the first event that waits until the log is read again', async (context) => {
    const engine = await startRedisForTest(context)
    const [node] = await twoNodes(engine)
    const { log } = node.hub.stats()
    expect(log).toEqual({ state: 'ready', waiting: 0, lag: 0 })
    engine.freeze()
    const publishing = node.hub.publish('news', { data: 'waits' })
    const lags: number[] = []
    const states = new Set<string>()
    await until(() => {
      const { state, lag } = node.hub.stats().log
      states.add(state)
      lags.push(lag)
      return state === 'away' && lag > 1_000
    })
    expect(lags).toEqual(lags.toSorted((a, b) => a - b))
    // It grew before anyone could know that Redis does not answer.
    expect([...states]).toEqual(['ready', 'away'])
    engine.resume()
    await publishing
    await until(() => node.hub.stats().log.state === 'ready' && node.hub.stats().log.lag === 0)
  })
})
