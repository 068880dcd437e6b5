import { createServer } from 'node:http'
import { createHub, createPublisher, type EventLog, type Hub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { readEvents } from '@sse/core/testing'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { listening } from '@sse/tooling/listening'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { texts, until } from '../test/observer.ts'
import { freeze, freshStream, openLog, operate, recreate } from '../test/stage.ts'

/** A process with clients: a hub, and its streams behind HTTP. */
async function node(log: EventLog): Promise<{ hub: Hub; url: string; onError: ReturnType<typeof vi.fn> }> {
  const onError = vi.fn()
  const hub = createHub({ log, onError, heartbeat: 1_000, retry: 10 })
  const server = createServer((request, response) => {
    const principal = new URL(request.url ?? '', 'http://localhost').searchParams.get('user') ?? undefined
    void eventStream(request, response, hub.subscribe('news/*'), { ...(principal !== undefined && { principal }) })
  })
  const { url, close } = await listening(server)
  onTestFinished(async () => {
    await hub.close()
    close()
  })
  await hub.ready
  return { hub, url, onError }
}

describe('several nodes with one log', () => {
  const server = sharedNats()

  async function stage(context: Parameters<typeof server>[0]) {
    const engine = await server(context)
    const stream = freshStream()
    const log = () => openLog({ servers: engine.url, stream })
    return { engine, stream, log, a: await node(log()), b: await node(log()) }
  }

  it('give the clients of all what one publishes, in one order', async (context) => {
    const { a, b } = await stage(context)
    const streams = [a, b].map(({ url }) => readEvents(url, { take: 40 }))
    await until(() => a.hub.size === 1 && b.hub.size === 1)
    await Promise.all(texts(20).flatMap((data) => [a, b].map(({ hub }) => hub.publish('news/1', { data }))))
    const [one, other] = await Promise.all(streams)
    expect(one?.map(({ data, id }) => [data, id])).toEqual(other?.map(({ data, id }) => [data, id]))
    expect(new Set(one?.map(({ id }) => id)).size).toBe(40)
  })

  it('let a client resume on another node, also on one that has just started', async (context) => {
    const { a, b, log } = await stage(context)
    const first = readEvents(a.url, { take: 3 })
    await until(() => a.hub.size === 1)
    for (const data of texts(3)) await a.hub.publish('news/1', { data })
    const lastEventId = (await first).at(-1)?.id ?? ''
    for (const data of texts(3, 'missed')) await b.hub.publish('news/1', { data })
    for (const { url } of [b, await node(log())]) {
      const events = await readEvents(url, { lastEventId, take: 3 })
      expect(events.map(({ event, data }) => [event, data])).toEqual(
        texts(3, 'missed').map((data) => ['message', data]),
      )
    }
  })

  it('end the streams of a principal, whichever node is told', async (context) => {
    const { a, b } = await stage(context)
    const reading = readEvents(`${b.url}?user=ann`)
    const other = readEvents(`${b.url}?user=bob`, { take: 1 })
    await until(() => b.hub.size === 2)
    a.hub.disconnect({ principal: 'ann' })
    expect(await reading).toEqual([])
    await a.hub.publish('news/1', { data: 'for bob' })
    expect((await other).map(({ data }) => data)).toEqual(['for bob'])
  })

  it('[L3] tell each client once that the stream is another one', async (context) => {
    const { engine, stream, a, b } = await stage(context)
    const streams = [a, b].map(({ url }) => readEvents(url, { until: ({ data }) => data === 'after' }))
    await until(() => a.hub.size === 1 && b.hub.size === 1)
    await a.hub.publish('news/1', { data: 'before' })
    await until(() => b.hub.stats().published === 1 && a.hub.stats().published === 1)
    await recreate(await operate(engine), stream)
    await Promise.all([a, b].map(({ hub }) => hub.publish('news/1', { data: 'between' })))
    await until(() => [a, b].every(({ hub }) => hub.stats().gaps.epoch === 1))
    await b.hub.publish('news/1', { data: 'after' })
    for (const events of await Promise.all(streams)) {
      const gaps = events.filter(({ event }) => event === 'sse.gap').map(({ data }) => JSON.parse(data).reason)
      expect(gaps).toEqual(['epoch'])
      expect(events.map(({ data }) => data).filter((data) => data === 'before' || data === 'after')).toEqual([
        'before',
        'after',
      ])
    }
  })

  it('[L4] say in their health that the server does not answer, keep their clients, and go on', async (context) => {
    const engine = await startNatsForTest(context)
    const { hub, url } = await node(openLog({ servers: engine.url, publishTimeout: 300 }))
    const reading = readEvents(url, { until: ({ data }) => data === 'after' })
    await until(() => hub.size === 1)
    await hub.publish('news/1', { data: 'before' })
    expect(await hub.health()).toEqual({ ok: true })
    await freeze(engine)
    await vi.waitFor(
      async () => expect(await hub.health()).toMatchObject({ ok: false, error: { code: 'SSE_LOG' } }),
      2_000,
    )
    await expect(hub.publish('news/1', { data: 'lost' })).rejects.toMatchObject({ code: 'SSE_LOG' })
    expect(hub.size).toBe(1)
    engine.resume()
    await vi.waitFor(async () => expect(await hub.health()).toEqual({ ok: true }), 5_000)
    await hub.publish('news/1', { data: 'after' })
    const events = await reading
    expect(events.map(({ event }) => event)).not.toContain('sse.gap')
    expect(events.map(({ data }) => data).filter((data) => data !== 'lost')).toEqual(['before', 'after'])
  })

  it('get what a process publishes that serves no clients', async (context) => {
    const { a, log } = await stage(context)
    const publisher = createPublisher({ log: log() })
    const reading = readEvents(a.url, { take: 1 })
    await until(() => a.hub.size === 1)
    const id = await publisher.publish('news/1', { data: { n: 1 } })
    expect(await reading).toMatchObject([{ data: '{"n":1}', id }])
    await publisher.close()
  })
})
