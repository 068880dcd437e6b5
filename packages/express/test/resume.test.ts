import { createHub } from '@sse/core'
import { readEvents, takeEvents } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import { EventSource } from 'eventsource'
import request from 'supertest'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

describe.each(VERSIONS)('a client that comes back on $name', ({ express }) => {
  it('goes on after its `Last-Event-ID`, then with what is new', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const ids: string[] = []
    for (let n = 1; n <= 5; n++) ids.push(await hub.publish('a', { data: String(n) }))
    const { url } = await serve(app)
    const events = readEvents(url, { lastEventId: ids[1] ?? '', take: 4 })
    await events.response
    await hub.publish('a', { data: 'live' })
    expect((await events).map(({ data }) => data)).toEqual(['3', '4', '5', 'live'])
  })

  it('goes on after `?lastEventId=`, unless there is a header', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const first = await hub.publish('a', { data: '1' })
    const second = await hub.publish('a', { data: '2' })
    await hub.publish('a', { data: '3' })
    const query = `/?lastEventId=${encodeURIComponent(first)}`
    const byQuery = await request(app).get(query).buffer(true).parse(takeEvents(1))
    expect(byQuery.body).toMatchObject([{ data: '2' }])
    const byHeader = await request(app).get(query).set('Last-Event-ID', second).buffer(true).parse(takeEvents(1))
    expect(byHeader.body).toMatchObject([{ data: '3' }])
  })

  it('is told of a gap, where something it has missed is no longer there', async () => {
    const hub = createHub({ ring: { maxEvents: 4 } })
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const from = await hub.publish('a', { data: '0' })
    for (let n = 1; n <= 8; n++) await hub.publish('a', { data: String(n) })
    const { body } = await request(app).get('/').set('Last-Event-ID', from).buffer(true).parse(takeEvents(5))
    const [gap, ...events] = body
    expect(gap).toMatchObject({ event: 'sse.gap' })
    expect(JSON.parse(gap.data)).toMatchObject({ reason: 'trimmed', from, to: gap.id, snapshot: false })
    expect(events).toMatchObject([{ data: '5' }, { data: '6' }, { data: '7' }, { data: '8' }])
  })

  it.each([
    ['300 bytes', 'x'.repeat(300)],
    ['latin1', 'caf\u00e9'],
    ["another hub's", 'otherhub.1'],
    ['no id', '../../etc/passwd'],
  ])('is told of a gap, whatever its id is: %s', async (_name, id) => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const { port } = await serve(app)
    const client = new RawClient(port)
    client.socket.write(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: ${id}\r\n\r\n`, 'latin1'))
    const received = await client.until('event: sse.gap\n')
    expect(received).toMatch(/^HTTP\/1.1 200 /)
    await client.until('\n\n\r\n')
  })

  it('[H10] is served whatever the Host header says', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const first = await hub.publish('a', { data: '1' })
    await hub.publish('a', { data: '2' })
    const client = new RawClient((await serve(app)).port)
    client.socket.write(`GET /?lastEventId=${first} HTTP/1.1\r\nHost: [::\r\n\r\n`)
    await client.until('data: 2\n')
  })

  it('gets everything once: an EventSource that was disconnected, while events were published', async () => {
    const hub = createHub({ retry: 1 })
    const app = express().use(sse({ hub, principal: () => 'reader' }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const source = new EventSource((await serve(app)).url)
    onTestFinished(() => source.close())
    const received: number[] = []
    source.addEventListener('message', ({ data }) => received.push(Number(data)))
    await vi.waitFor(() => expect(hub.size).toBe(1))
    const published: number[] = []
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 20; n++) {
        published.push(published.length)
        await hub.publish('a', { data: String(published.length - 1) })
        if (n === 10) expect(hub.disconnect({ principal: 'reader' })).toBe(1)
      }
      await vi.waitFor(() => expect(received).toEqual(published))
    }
  })
})
