import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPublisher, memoryLog } from '@sse/core'
import { type EventReading, readEvents } from '@sse/core/testing'
import { listeningForTest } from '@sse/tooling/listening'
import { createParser } from 'eventsource-parser'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNode, createStocks, type Stocks } from './app.ts'
import type { StockEvents } from './events.ts'
import { publishTurn } from './feed.ts'
import { createMarket } from './market.ts'
import type { SlowStatus } from './slow-lane.ts'

const alice = 'a'.repeat(32)
const bob = 'b'.repeat(32)
const SYMBOLS = 24

describe('createStocks', () => {
  let stocks: Stocks
  let server: Server
  let base: string
  const publish = () => publishTurn(stocks.hub, stocks.market, 0)

  beforeEach(async () => {
    stocks = createStocks({ seed: 1 })
    server = createServer(stocks.app).listen(0)
    await once(server, 'listening')
    base = `http://localhost:${addressOf(server).port}`
  })

  afterEach(async () => {
    server.close()
    await stocks.hub.close()
    server.closeAllConnections()
  })

  describe('the page', () => {
    it('is served with all that it loads, from nowhere else', async () => {
      const { text, headers } = await request(server).get('/').expect(200)
      expect(headers['content-security-policy']).toContain("default-src 'self'")
      expect(text).toContain('random walk')
      const assets = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path)
      expect(assets.length).toBeGreaterThan(4)
      for (const path of [...assets, 'vendor/uplot.js', 'vendor/eventsource-parser/stream.js']) {
        await request(server).get(`/${path}`).expect(200)
      }
    })
  })

  describe('GET /events', () => {
    it('begins with where the market is and a snapshot of every price, without ids', async () => {
      publish()
      const events = await readEvents(`${base}/events?client=${alice}`, { take: 2 + 2 * SYMBOLS })
      expect(events.map(({ event }) => event)).toEqual([
        'opened',
        'market',
        ...Array(SYMBOLS).fill('history'),
        ...Array(SYMBOLS).fill('price'),
      ])
      expect(dataOf(events[0])).toEqual({ n: 5, resumedFrom: null, node: null })
      expect(dataOf(events[1])).toMatchObject({ n: 5, reason: 'fresh', seed: 1 })
      expect(new Set(events.slice(-SYMBOLS).map((event) => dataOf(event).symbol)).size).toBe(SYMBOLS)
      expect(events.map(({ id }) => id).join('')).toBe('')
    })

    it('goes on with every tick, in order', async () => {
      const { events } = await open(base, alice)
      publish()
      publish()
      expect((await take(events, 10)).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      await events.return()
    })

    it.each(['', '*', 'a'.repeat(31), 'A'.repeat(32), '../'.repeat(11)])('refuses the client %j', async (client) => {
      await request(server).get('/events').query({ client }).expect(400)
    })

    it('refuses a client that is none', async () => {
      await request(server).get('/events').expect(400)
      await request(server).get(`/events?client=${alice}&client=${bob}`).expect(400)
    })
  })

  describe('POST /drop', () => {
    it('ends the streams of this client and of no other', async () => {
      const { events: own } = await open(base, alice)
      const { events: other } = await open(base, bob)
      await request(server).post('/drop').query({ client: alice }).expect(200, { dropped: 1 })
      expect((await own.next()).done).toBe(true)
      publish()
      expect((await take(other, 5)).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5])
      await other.return()
    })

    it('leaves a stream that resumes with nothing missing', async () => {
      const { events: before } = await open(base, alice)
      publish()
      await take(before, 5)
      await request(server).post('/drop').query({ client: alice }).expect(200)
      expect((await before.next()).done).toBe(true)
      publish()
      const after = readEvents(`${base}/events?client=${alice}`, { lastEventId: before.lastEventId })
      expect(dataOf((await after.next()).value)).toEqual({ n: 10, resumedFrom: before.lastEventId, node: null })
      publish()
      expect((await take(after, 10)).map(({ n }) => n)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
      await after.return()
    })

    it('tells the browser to come back within two seconds', async () => {
      const { events } = await open(base, alice)
      expect(events.retry).toBeGreaterThanOrEqual(1_000)
      expect(events.retry).toBeLessThanOrEqual(2_000)
      await events.return()
    })
  })

  describe('POST /restart-log', () => {
    it('gives every stream a gap and a snapshot, and then goes on', async () => {
      const { events } = await open(base, alice)
      publish()
      await take(events, 5)
      await request(server).post('/restart-log').expect(204)
      publish()
      const gap = (await events.next()).value
      expect(gap?.event).toBe('sse.gap')
      expect(dataOf(gap)).toMatchObject({ reason: 'epoch', snapshot: true })
      const market = (await events.next()).value
      expect(market?.event).toBe('market')
      expect(dataOf(market)).toMatchObject({ reason: 'epoch' })
      const known = dataOf(market).n
      await take(events, 2 * SYMBOLS)
      publish()
      const next = (await take(events, 1))[0]
      expect(next?.n).toBe(known + 1)
      await events.return()
    })
  })

  it.each(['/drop', '/restart-log', '/slow/publish'])('lets no other site ask for %s', async (path) => {
    const post = () => request(server).post(path).query({ client: alice })
    await post().set('Sec-Fetch-Site', 'cross-site').expect(403)
    await post().set('Sec-Fetch-Site', 'same-site').expect(403)
    expect((await post().set('Sec-Fetch-Site', 'same-origin')).status).not.toBe(403)
  })

  describe('GET /slow', () => {
    it('conflates what a client that does not read has not taken, down to the newest event of each key', async () => {
      const response = await openUnread(`${base}/slow?client=${alice}`)
      let status = await publishBatch(server, alice, 'padded')
      while (status.state === 'live' && status.published < 8_000) status = await publishBatch(server, alice, 'padded')
      expect(status.state).toBe('lagging')
      expect(status.bufferedBytes).toBeLessThan(2 ** 20)

      const { published, newest } = await publishBatch(server, alice, 'small')
      const received = await readUpTo(response, newest)
      expect(received.events).toBeLessThan(published - 1_000)
      expect(received.newest).toEqual(newest)
      expect(received.gaps).toBe(0)
    }, 60_000)

    it('is nothing to who does not read, and forgotten when the stream ends', async () => {
      await request(server).get('/slow/status').query({ client: alice }).expect(404)
      await request(server).post('/slow/publish').query({ client: alice }).expect(404)
      const response = await openUnread(`${base}/slow?client=${alice}`)
      await request(server).get('/slow/status').query({ client: alice }).expect(200)
      await request(server).get('/slow/status').query({ client: bob }).expect(404)
      response.destroy()
      await expect.poll(() => stocks.hub.size).toBe(0)
      const { published } = stocks.hub.stats()
      await request(server).post('/slow/publish').query({ client: alice }).expect(404)
      expect(stocks.hub.stats().published).toBe(published)
    })

    it('is given ten thousand events and no more', async () => {
      const response = await openUnread(`${base}/slow?client=${alice}`)
      let published = 0
      while (published < 10_000) ({ published } = await publishBatch(server, alice, 'small'))
      expect(published).toBeLessThan(11_200)
      await request(server).post('/slow/publish').query({ client: alice }).expect(404)
      response.destroy()
    })
  })

  describe('GET /stats', () => {
    it('is what the hub says of itself', async () => {
      const { events } = await open(base, alice)
      publish()
      await take(events, 5)
      const { body } = await request(server).get('/stats').expect(200)
      expect(body).toEqual(JSON.parse(JSON.stringify(stocks.hub.stats())))
      expect(body).toMatchObject({ connections: 1, lagging: 0, published: 5, ring: { events: 5 } })
      await events.return()
    })
  })
})

describe('createNode', () => {
  it('knows the market from the log, and goes on for a client of another node where it was', async () => {
    const log = memoryLog()
    const market = createMarket({ seed: 1 })
    const publisher = createPublisher<StockEvents>({ log })
    const nodes = ['node 1', 'node 2'].map((name) =>
      createNode({ identity: { name, balancerPort: 3_000 }, log, seed: 1, restartLog: async () => {} }),
    )
    const [one = '', two = ''] = await Promise.all(
      nodes.map(async ({ app, hub }) => {
        await hub.ready
        const { url } = await listeningForTest(createServer(app))
        return url
      }),
    )
    await Promise.all(publishTurn(publisher, market, 0))

    const { events: before } = await open(one, alice)
    await Promise.all(publishTurn(publisher, market, 0))
    expect((await take(before, 5)).map(({ n }) => n)).toEqual([6, 7, 8, 9, 10])
    await before.return()
    await Promise.all(publishTurn(publisher, market, 0))

    const after = readEvents(`${two}/events?client=${alice}`, { lastEventId: before.lastEventId })
    expect(dataOf((await after.next()).value)).toEqual({
      n: 15,
      resumedFrom: before.lastEventId,
      node: { name: 'node 2', balancerPort: 3_000 },
    })
    expect((await take(after, 5)).map(({ n }) => n)).toEqual([11, 12, 13, 14, 15])
    await after.return()

    const fresh = await readEvents(`${two}/events?client=${alice}`, { take: 2 + 2 * SYMBOLS })
    expect(dataOf(fresh[1])).toMatchObject({ n: 15, seed: 1 })
    expect(fresh.slice(-SYMBOLS).map((event) => dataOf(event))).toEqual(market.prices())
    await request(two).get('/health').expect(200, { ok: true })
    await Promise.all(nodes.map(({ hub }) => hub.close()))
    expect((await request(two).get('/health').expect(503)).body).toMatchObject({ ok: false })
  })
})

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return address
}

/** What tests look at in the data of an event. */
interface Data {
  readonly n: number
  readonly symbol: string
}

function dataOf(event: { readonly data: string } | undefined): Data {
  return JSON.parse(event?.data ?? 'null')
}

/** Opens a stream of prices and reads its snapshot. */
async function open(base: string, client: string): Promise<OpenStream> {
  const events = readEvents(`${base}/events?client=${client}`)
  for (let i = 0; i < 2 + 2 * SYMBOLS; i++) await events.next()
  return { events }
}

/** Kept in an object, since a reading is awaited for all its events where an async function returns it. */
interface OpenStream {
  readonly events: EventReading
}

async function take(events: EventReading, count: number): Promise<Data[]> {
  const taken: Data[] = []
  while (taken.length < count) taken.push(dataOf((await events.next()).value))
  return taken
}

async function openUnread(url: string): Promise<IncomingMessage> {
  const [response] = await once(get(url, { agent: false }), 'response')
  return response
}

async function publishBatch(server: Server, client: string, batch: string): Promise<SlowStatus> {
  const { body } = await request(server).post('/slow/publish').query({ client, batch }).expect(200)
  return body
}

interface Received {
  events: number
  gaps: number
  readonly newest: Record<string, number>
}

async function readUpTo(response: IncomingMessage, newest: SlowStatus['newest']): Promise<Received> {
  const received: Received = { events: 0, gaps: 0, newest: {} }
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'sse.gap') received.gaps += 1
      if (event !== 'padded') return
      const { symbol, n } = JSON.parse(data)
      received.events += 1
      received.newest[symbol] = n
    },
  })
  for await (const chunk of response.setEncoding('utf8')) {
    parser.feed(chunk)
    if (Object.entries(newest).every(([symbol, n]) => received.newest[symbol] === n)) break
  }
  return received
}
