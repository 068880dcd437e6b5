import { createHub, type SseEvent } from '@sse/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Route } from '../servers/site.ts'
import { Http2Client } from './http2-client.ts'
import { feedOf, HTTP2_KINDS, PATIENTLY, served } from './served.ts'

const STREAMS = 100
const EVENTS = 20

/** [H2] What HTTP/2 has no place for. */
const FORBIDDEN = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'content-length']

it.each(HTTP2_KINDS)('a thousand streams on ten connections to $name get every event', async (kind) => {
  const hub = createHub()
  const running = await served(kind, hub, [feedOf(hub)])
  const connections = await Promise.all(Array.from({ length: 10 }, () => Http2Client.connect(running.url)))
  const streams = (await Promise.all(connections.map((client) => client.open('/feed', STREAMS)))).flat()
  for (let n = 0; n < EVENTS; n++) await hub.publish('feed', { data: String(n) })
  await vi.waitFor(() => expect(streams.every(({ events }) => events.length === EVENTS)).toBe(true), PATIENTLY)
  const all = Array.from({ length: EVENTS }, (_, n) => String(n))
  for (const { data } of streams) expect(data).toEqual(all)
})

describe.each(HTTP2_KINDS)('streams on one connection to $name', (kind) => {
  it('are a hundred, and each gets its events, all of them, in order, and nobody else’s', async () => {
    const hub = createHub()
    const own = (n: number): Route => ({ method: 'GET', path: `/own${n}`, source: () => hub.subscribe(`own/${n}`) })
    const sessions = vi.fn()
    const running = await served(
      kind,
      hub,
      Array.from({ length: STREAMS }, (_, n) => own(n)),
    )
    running.server.on('session', sessions)
    const client = await Http2Client.connect(running.url)
    const streams = Array.from({ length: STREAMS }, (_, n) => client.request(`/own${n}`))
    await vi.waitFor(() => expect(hub.size).toBe(STREAMS), PATIENTLY)
    const ids: string[] = []
    for (let n = 0; n < STREAMS * EVENTS; n++) {
      const topic = n % STREAMS
      ids.push(await hub.publish(`own/${topic}`, { event: 'own', data: `${topic} of ${n}` }))
    }
    await vi.waitFor(() => expect(streams.every(({ events }) => events.length === EVENTS)).toBe(true), PATIENTLY)
    for (const [topic, { events }] of streams.entries()) {
      const numbers = Array.from({ length: EVENTS }, (_, i) => i * STREAMS + topic)
      expect(events).toEqual(numbers.map((n) => ({ event: 'own', data: `${topic} of ${n}`, id: ids[n] })))
    }
    expect(sessions).toHaveBeenCalledTimes(1)
  })

  it('[H2] have the headers of a stream, and none that HTTP/2 forbids', async () => {
    const hub = createHub()
    const running = await served(kind, hub, [
      { ...feedOf(hub), options: { headers: { 'Set-Cookie': ['a=1', 'b=2'] } } },
    ])
    const client = await Http2Client.connect(running.url)
    for (const method of ['GET', 'HEAD'] as const) {
      const stream = client.request('/feed', { method })
      const head = await stream.head
      expect(head).toMatchObject({
        ':status': 200,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'set-cookie': ['a=1', 'b=2'],
      })
      for (const name of FORBIDDEN) expect(head).not.toHaveProperty(name)
      if (method === 'HEAD') await vi.waitFor(() => expect(stream.hasEnded).toBe(true), PATIENTLY)
    }
    expect(hub.size).toBe(1)
  })

  it('resume where they were, also on another connection', async () => {
    const hub = createHub()
    const running = await served(kind, hub, [feedOf(hub)])
    const first = await Http2Client.connect(running.url)
    const before = await first.open('/feed', 10)
    for (let n = 0; n < 5; n++) await hub.publish('feed', { data: String(n) })
    await vi.waitFor(() => expect(before.every(({ events }) => events.length === 5)).toBe(true), PATIENTLY)
    first.session.destroy()
    await vi.waitFor(() => expect(hub.size).toBe(0), PATIENTLY)
    for (let n = 5; n < 9; n++) await hub.publish('feed', { data: String(n) })
    const second = await Http2Client.connect(running.url)
    const after = before.map(({ lastEventId = '' }, n) =>
      // Each from where another one could have been.
      second.request('/feed', { headers: { 'last-event-id': before[0]?.events[n % 5]?.id ?? lastEventId } }),
    )
    await vi.waitFor(() => expect(after.every(({ events }) => events.at(-1)?.data === '8')).toBe(true), PATIENTLY)
    for (const [n, { data }] of after.entries()) {
      expect(data).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8'].slice((n % 5) + 1))
    }
    expect(hub.stats().gaps).toMatchObject({ trimmed: 0 })
  })

  it('are answered 204 where nothing will come, and end with a finite source, also for POST', async () => {
    const hub = createHub()
    const answer = async function* (): AsyncGenerator<SseEvent> {
      yield { data: 'one', id: '1' }
      yield { data: 'two', id: '2' }
    }
    const running = await served(kind, hub, [
      { method: 'GET', path: '/none', source: () => null },
      { method: 'POST', path: '/answer', source: () => answer, options: { retry: 1234 } },
    ])
    const client = await Http2Client.connect(running.url)
    expect(await client.request('/none').head).toMatchObject({ ':status': 204 })
    const answers = await client.open('/answer', 10, { method: 'POST' })
    await vi.waitFor(() => expect(answers.every(({ hasEnded }) => hasEnded)).toBe(true), PATIENTLY)
    for (const { data, retry, lastEventId } of answers) {
      expect({ data, retry, lastEventId }).toEqual({ data: ['one', 'two'], retry: 1234, lastEventId: '2' })
    }
    await vi.waitFor(() => expect(answers.every(({ stream }) => stream.destroyed)).toBe(true), PATIENTLY)
    expect(client.session.destroyed).toBe(false)
  })

  it('are answered with an error if their source fails before they are open, and the others go on', async () => {
    const hub = createHub()
    // Where Koa and Hono tell of it.
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => told.mockRestore())
    const failing = (): Promise<never> => Promise.reject(new Error('secret'))
    const running = await served(kind, hub, [feedOf(hub), { method: 'GET', path: '/failing', source: () => failing }])
    const client = await Http2Client.connect(running.url)
    const [feed] = await client.open('/feed', 1)
    const [failed] = await client.open('/failing', 1)
    expect(await failed?.head).toMatchObject({ ':status': 500 })
    await hub.publish('feed', { data: 'on' })
    await vi.waitFor(() => expect(feed?.data).toEqual(['on']), PATIENTLY)
  })

  it('are refused where there is no room, so that an `EventSource` comes back', async () => {
    const hub = createHub({ limits: { connections: 2 } })
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const streams = await client.open('/feed', 3)
    const refused = await vi.waitUntil(() => streams.find(({ hasEnded }) => hasEnded), PATIENTLY)
    expect(await refused.head).toMatchObject({ ':status': 200 })
    expect(refused.retry).toBeGreaterThanOrEqual(5_000)
    const head = await client.request('/feed', { headers: { accept: '*/*' } }).head
    expect(head).toMatchObject({ ':status': 503, 'retry-after': expect.stringMatching(/^\d+$/) })
    expect(hub.size).toBe(2)
  })

  it('end when the hub is drained, each with a time to come back, and the connection stays', async () => {
    const hub = createHub()
    const running = await served(kind, hub, [feedOf(hub)])
    const client = await Http2Client.connect(running.url)
    const streams = await client.open('/feed', STREAMS)
    const openedWith = streams.map(({ retry }) => retry)
    await hub.close({ drain: 200 })
    await vi.waitFor(() => expect(streams.every(({ hasEnded }) => hasEnded)).toBe(true), PATIENTLY)
    expect(new Set(streams.map(({ retry }) => retry)).size).toBeGreaterThan(STREAMS / 2)
    expect(streams.map(({ retry }) => retry)).not.toEqual(openedWith)
    expect(client.session.destroyed).toBe(false)
    expect(hub.stats().closed.drain).toBe(STREAMS)
  })
})
