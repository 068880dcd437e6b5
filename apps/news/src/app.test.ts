import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EventReading, readEvents } from '@sse/core/testing'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNews, type News } from './app.ts'
import type { Story } from './newsroom.ts'
import type { Desk } from './phrases.ts'
import { publishStory } from './press.ts'

/** Two stories of each section, and one of each desk beneath. */
const DESKS: readonly Desk[] = [
  ...(['world', 'business', 'science', 'sport', 'culture'] as const),
  ...(['science/space', 'science/nature', 'culture/books'] as const),
  ...(['world', 'business', 'science', 'sport', 'culture'] as const),
]

describe('createNews', () => {
  let news: News
  let server: Server
  let base: string
  let published: Story[]

  beforeEach(async () => {
    news = createNews({ seed: 1 })
    server = createServer(news.app.callback()).listen(0)
    await once(server, 'listening')
    base = baseOf(server)
    published = []
  })

  afterEach(async () => {
    server.close()
    await news.hub.close()
    server.closeAllConnections()
  })

  /** Publishes a story for each of these desks, in this order. */
  async function publish(desks: readonly Desk[]): Promise<Story[]> {
    const stories = await Promise.all(desks.map((desk) => publishStory(news, 0, desk)))
    published.push(...stories)
    return stories
  }

  describe('the page', () => {
    it('is served with all that it loads, from nowhere else', async () => {
      const { text, headers } = await request(server).get('/').expect(200)
      expect(headers['content-security-policy']).toContain("default-src 'self'")
      const assets = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path)
      expect(assets.length).toBeGreaterThan(4)
      for (const path of [...assets, 'fonts/label.woff2'])
        await request(server).get(`/${path}`).buffer(true).expect(200)
      await request(server).get('/fonts/text.woff2').buffer(true).expect('Content-Type', 'font/woff2')
    })

    it('offers filters that the server knows', async () => {
      const { text } = await request(server).get('/')
      const names = [...text.matchAll(/data-filter="([^"]+)"/g)].map(([, name]) => name)
      expect(names.length).toBeGreaterThan(6)
      for (const name of names) {
        const [opened] = await readEvents(`${base}/events?filter=${name}`, { take: 1 })
        expect(opened?.event).toBe('opened')
      }
    })

    it.each(['/../package.json', '/..%2fpackage.json', '/fonts/', '/fonts/../../package.json'])(
      'gives away nothing else: %s',
      async (path) => {
        const { status } = await request(server).get(path)
        expect(status).toBeGreaterThanOrEqual(400)
      },
    )
  })

  describe('GET /events', () => {
    it('begins with the last twenty stories of the front page, and goes on live', async () => {
      await publish([...DESKS, ...DESKS, ...DESKS])
      const events = readEvents(`${base}/events`)
      const opened = (await events.next()).value
      expect(opened?.event).toBe('opened')
      expect(dataOf(opened)).toEqual({ topics: ['news/*'], newest: published.at(-1)?.at })
      expect(await take(events, 20)).toEqual(published.filter(isOnFrontPage).slice(-20))
      const [live] = await publish(['sport'])
      expect(await take(events, 1)).toEqual([live])
      await events.return()
    })

    it.each([
      ['', isOnFrontPage],
      ['filter=front', isOnFrontPage],
      ['filter=everything', () => true],
      ['filter=world', ({ desk }: Story) => desk === 'world'],
      ['filter=space', ({ desk }: Story) => desk === 'science/space'],
      ['filter=science', ({ desk }: Story) => desk.startsWith('science')],
      ['filter=world&filter=books', ({ desk }: Story) => desk === 'world' || desk === 'culture/books'],
      ['filter=front&filter=world', isOnFrontPage],
    ])('sends what was chosen, each story once: %j', async (query, isChosen) => {
      await publish(DESKS)
      const wanted = published.filter(isChosen)
      const events = readEvents(`${base}/events?${query}`)
      await events.next()
      expect(await take(events, wanted.length)).toEqual(wanted)
      // What comes next is live: there was no more.
      const live = await publish(DESKS)
      const [next] = live.filter(isChosen)
      expect(await take(events, 1)).toEqual([next])
      await events.return()
    })

    it.each(['*', 'news/*', '', 'World', 'toString', '__proto__', '../world', 'a'.repeat(5_000)])(
      'refuses the unknown filter %j',
      async (filter) => {
        await request(server).get('/events').query({ filter }).expect(400, 'Unknown `filter`')
        await request(server)
          .get('/events')
          .query({ filter: ['world', filter] })
          .expect(400)
        expect(news.hub.size).toBe(0)
      },
    )

    it.each(['header', 'query'])('resumes with exactly what was missed, by the id in the %s', async (where) => {
      await publish(DESKS)
      const before = readEvents(`${base}/events`)
      await before.next()
      await take(before, 10)
      await before.return()
      const missed = await publish(['world', 'science/space', 'sport'])
      const id = before.lastEventId
      const after =
        where === 'header'
          ? readEvents(`${base}/events`, { lastEventId: id })
          : readEvents(`${base}/events?lastEventId=${id}`)
      expect(dataOf((await after.next()).value)).toMatchObject({ newest: missed.at(-1)?.at })
      const [live] = await publish(['culture'])
      expect(await take(after, 3)).toEqual([missed[0], missed[2], live])
      await after.return()
    })

    it('takes the id of one filter with another, and goes on from there', async () => {
      await publish(['world', 'sport'])
      const before = readEvents(`${base}/events?filter=world`)
      await before.next()
      await take(before, 1)
      await before.return()
      const missed = await publish(['science/space'])
      const after = readEvents(`${base}/events?filter=everything&lastEventId=${before.lastEventId}`)
      await after.next()
      // The story about sport was published after the one about the world, which is what the id says.
      expect(await take(after, 2)).toEqual([published[1], missed[0]])
      await after.return()
    })

    it.each(['x'.repeat(2_000), 'nobody.7', '../../7', '\u0000', '1', '%00'])(
      'answers the id %j with a gap and the newest stories, and does not repeat it',
      async (id) => {
        await publish(DESKS)
        const events = readEvents(`${base}/events?${new URLSearchParams({ lastEventId: id })}`)
        const [, gap] = [await events.next(), (await events.next()).value]
        expect(gap?.event).toBe('sse.gap')
        expect(['unknown-id', 'epoch']).toContain(dataOf(gap).reason)
        expect(await take(events, 10)).toEqual(published.filter(isOnFrontPage))
        await events.return()
      },
    )

    it('says so where it has forgotten what a reader missed', async () => {
      await publish(['world'])
      const before = readEvents(`${base}/events`)
      await before.next()
      await take(before, 1)
      await before.return()
      await publish(Array<Desk>(2_500).fill('world'))
      const after = readEvents(`${base}/events`, { lastEventId: before.lastEventId })
      const [, gap] = [await after.next(), (await after.next()).value]
      expect(gap?.event).toBe('sse.gap')
      expect(dataOf(gap)).toMatchObject({ reason: 'trimmed', from: before.lastEventId })
      const [first] = await take(after, 1)
      expect(first?.at).toBeGreaterThan(published[1]?.at ?? Number.POSITIVE_INFINITY)
      await after.return()
    })

    it('tells the browser to come back within two seconds', async () => {
      const events = readEvents(`${base}/events`)
      await events.next()
      expect(events.retry).toBeGreaterThanOrEqual(1_000)
      expect(events.retry).toBeLessThanOrEqual(2_000)
      await events.return()
    })

    it('keeps nothing of a reader who has left', async () => {
      const events = readEvents(`${base}/events`)
      await events.next()
      expect(news.hub.size).toBe(1)
      await events.return()
      await expect.poll(() => news.hub.size).toBe(0)
    })

    it.each(['post', 'put', 'delete'] as const)('does not answer %s', async (method) => {
      await request(server)[method]('/events').expect(405)
    })
  })

  it('shows what the hub says of itself', async () => {
    const { body } = await request(server).get('/stats').expect(200)
    expect(body).toMatchObject({ connections: 0, published: 0 })
  })
})

function isOnFrontPage({ desk }: Story): boolean {
  return !desk.includes('/')
}

/** The next stories of a stream. */
async function take(events: EventReading, count: number): Promise<Story[]> {
  const stories: Story[] = []
  while (stories.length < count) {
    const { value, done } = await events.next()
    if (done === true) throw new Error('The stream has ended')
    expect(value?.event).toBe('story')
    stories.push(dataOf(value))
  }
  return stories
}

function dataOf(event: { readonly data: string } | undefined) {
  return JSON.parse(event?.data ?? 'null')
}

function baseOf(server: Server): string {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return `http://localhost:${address.port}`
}
