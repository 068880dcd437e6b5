import { once } from 'node:events'
import { type EventReading, readEvents } from '@sse/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTokens } from './app.ts'
import { type SteppedServer, startStepped } from './stepped-server.ts'

const PROMPT = 'Why do cats purr?'

describe('createTokens', () => {
  let stepped: SteppedServer

  beforeEach(async () => {
    stepped = await startStepped()
  })

  afterEach(async () => {
    await stepped.stop()
  })

  function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    return fetch(`${stepped.base}${path}`, { method: 'POST', headers, body: JSON.stringify(body), ...init })
  }

  /** Asks for an answer, and reads the event that begins it. */
  async function ask(prompt = PROMPT): Promise<{ readonly events: EventReading; readonly path: string }> {
    const response = await post('/answers', { prompt })
    const path = response.headers.get('Content-Location') ?? ''
    const events = readEvents(response)
    expect(await events.next()).toMatchObject({ value: { event: 'begun' } })
    return { events, path }
  }

  function resume(path: string, lastEventId?: string): EventReading {
    return readEvents(`${stepped.base}${path}`, lastEventId === undefined ? {} : { lastEventId })
  }

  /** Lets so many tokens through and reads them: their numbers. */
  async function more(events: EventReading, count: number): Promise<number[]> {
    stepped.pace.allow(count)
    return take(events, count)
  }

  describe('the page', () => {
    it('is served with all that it loads, from nowhere else', async () => {
      const response = await fetch(`${stepped.base}/`)
      expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'self'")
      const html = await response.text()
      expect(html).toContain('Interrupt me')
      const theme = await (await fetch(`${stepped.base}/theme.css`)).text()
      const assets = [
        ...[...html.matchAll(/(?:src|href)="([^"]+\.\w+)"/g)].map(([, path]) => path),
        ...[...theme.matchAll(/url\("([^"]+)"\)/g)].map(([, path]) => path),
      ]
      expect(assets.length).toBeGreaterThanOrEqual(8)
      for (const path of [...assets, 'vendor/eventsource-parser/stream.js']) {
        expect([path, (await fetch(`${stepped.base}/${path}`)).status]).toEqual([path, 200])
      }
    })

    it('is all that is served', async () => {
      for (const path of [
        '/nothing',
        '/src/app.ts',
        '/..%2fpackage.json',
        '/vendor/eventsource-parser/..%2fpackage.json',
      ]) {
        expect([path, (await fetch(`${stepped.base}${path}`)).status]).toEqual([path, 404])
      }
    })
  })

  describe('POST /answers', () => {
    it('begins an answer, says where it is, and streams it', async () => {
      const response = await post('/answers', { prompt: `  ${PROMPT} ` })
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Location')).toMatch(/^\/answers\/[0-9a-f-]{36}$/)
      expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
      // What outer middleware sets after its `next()` is there, too.
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
      const events = readEvents(response)
      const { value: begun } = await events.next()
      expect(dataOf(begun)).toEqual({
        id: response.headers.get('Content-Location')?.slice(9),
        prompt: PROMPT,
        model: 'polly-1',
      })
      stepped.pace.allow(3)
      expect((await takeEvents(events, 3)).map(dataOf)).toEqual([
        { n: 1, text: 'Ask' },
        { n: 2, text: ' three' },
        { n: 3, text: ' people' },
      ])
      await events.return()
    })

    it('ends the stream with the answer', async () => {
      const { events } = await ask()
      stepped.pace.allow(1_000)
      const all = await events
      expect(all.at(-1)).toMatchObject({ event: 'done' })
      expect(dataOf(all.at(-1))).toEqual({ tokens: all.length - 1 })
      expect(all.slice(0, -1).map((event) => dataOf(event).n)).toEqual(all.slice(0, -1).map((_, i) => i + 1))
    })

    it.each([
      ['no JSON', '{', 400, 'The body is not JSON'],
      ['no object', '"Hello"', 400, 'The body must be an object'],
      ['null', 'null', 400, 'The body must be an object'],
      ['no prompt', '{}', 400, '`prompt` must be a string'],
      ['a number', '{"prompt":7}', 400, '`prompt` must be a string'],
      ['an empty prompt', '{"prompt":" \\n"}', 400, '`prompt` must not be empty'],
      [
        'a long prompt',
        JSON.stringify({ prompt: 'x'.repeat(2_001) }),
        400,
        '`prompt` may have 2000 characters, not 2001',
      ],
      ['a huge body', JSON.stringify({ prompt: 'x'.repeat(70_000) }), 413, 'The body may have 65536 bytes'],
    ])('refuses %s as an ordinary error, before any stream', async (_what, body, status, error) => {
      const response = await post('/answers', undefined, { body })
      expect(response.status).toBe(status)
      expect(response.headers.get('Content-Type')).toContain('application/json')
      expect(await response.json()).toEqual({ error })
      expect(stepped.model.begun).toBe(0)
    })

    it('refuses what a form on another site could send', async () => {
      const response = await post('/answers', { prompt: PROMPT }, { headers: { 'Content-Type': 'text/plain' } })
      expect(response.status).toBe(415)
      expect(await response.json()).toEqual({ error: 'The body must be application/json' })
    })

    it('refuses more answers than can be written at a time, until there is room', async () => {
      const paths: string[] = []
      for (let i = 0; i < 16; i++) {
        const { events, path } = await ask(`Prompt ${i}`)
        paths.push(path)
        await events.return()
      }
      const response = await post('/answers', { prompt: PROMPT })
      expect(response.status).toBe(503)
      expect(response.headers.get('Retry-After')).toBe('5')
      expect(await response.json()).toEqual({ error: 'Too many answers are being written: try again in a moment' })
      await fetch(`${stepped.base}${paths[0]}/stop`, { method: 'POST' })
      expect((await post('/answers', { prompt: PROMPT })).status).toBe(200)
    })

    it('[H17] goes on when its client goes, so that it can be taken up again', async () => {
      const { events, path } = await ask()
      await more(events, 5)
      await events.return()
      await expect.poll(() => stepped.tokens.hub.size).toBe(0)
      stepped.pace.allow(5)
      await expect.poll(() => stepped.pace.waiting).toBe(1)
      const again = resume(path)
      expect(await again.next()).toMatchObject({ value: { event: 'begun' } })
      expect(await take(again, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      await again.return()
      expect(stepped.model.begun).toBe(1)
    })
  })

  describe('GET /answers/:id', () => {
    it('goes on after the last event, with no token missing or doubled, and begins nothing anew', async () => {
      const { events, path } = await ask()
      expect(await more(events, 57)).toHaveLength(57)
      await events.return()
      stepped.pace.allow(12)
      await expect.poll(() => stepped.pace.waiting).toBe(1)
      const again = resume(path, events.lastEventId)
      expect((await again.response).headers.get('Answer-Tokens')).toBe('69')
      expect(await take(again, 12)).toEqual([58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69])
      expect(await more(again, 2)).toEqual([70, 71])
      await again.return()
      expect(stepped.model.begun).toBe(1)
    })

    it('takes the id from the query, too', async () => {
      const { events, path } = await ask()
      await more(events, 3)
      const again = resume(`${path}?lastEventId=${events.lastEventId}`)
      expect(await more(again, 2)).toEqual([4, 5])
      await events.return()
      await again.return()
    })

    it('[H16] answers 204 to a client that has seen the end', async () => {
      const { events, path } = await ask()
      stepped.pace.allow(1_000)
      await events
      const response = await fetch(`${stepped.base}${path}`, { headers: { 'Last-Event-ID': events.lastEventId } })
      expect(response.status).toBe(204)
      expect(stepped.model.begun).toBe(1)
    })

    it('gives all of an answer to whoever comes late, and then ends', async () => {
      const { events, path } = await ask()
      stepped.pace.allow(1_000)
      const all = await events
      const again = await resume(path)
      expect(again.slice(1)).toEqual(all)
      expect(again[0]).toMatchObject({ event: 'begun' })
    })

    it('lets several follow along', async () => {
      const { events, path } = await ask()
      const other = resume(path)
      expect(await other.next()).toMatchObject({ value: { event: 'begun' } })
      expect(await more(events, 3)).toEqual([1, 2, 3])
      expect(await take(other, 3)).toEqual([1, 2, 3])
      await events.return()
      expect(await more(other, 2)).toEqual([4, 5])
      await other.return()
      expect(stepped.model.begun).toBe(1)
    })

    it('keeps answers apart', async () => {
      const first = await ask('First')
      const second = await ask('Second')
      stepped.pace.allow(2_000)
      const [one, two] = [await first.events, await second.events]
      expect(textOf(one)).not.toBe(textOf(two))
      expect(dataOf(one.at(-1))).toEqual({ tokens: one.length - 1 })
      expect(dataOf(two.at(-1))).toEqual({ tokens: two.length - 1 })
    })

    it('[H15] starts nothing for HEAD', async () => {
      const { events, path } = await ask()
      const response = await fetch(`${stepped.base}${path}`, { method: 'HEAD' })
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toContain('text/event-stream')
      expect(stepped.tokens.hub.size).toBe(1)
      await events.return()
    })

    it.each(['x', '00000000-0000-0000-0000-000000000000', '*', '**', 'a%2Fb'])('answers 404 for %s', async (id) => {
      await ask()
      const response = await fetch(`${stepped.base}/answers/${id}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual({
        error: 'There is no such answer, or no longer: the newest 64 are kept',
      })
    })
  })

  describe('POST /answers/:id/stop', () => {
    it('stops the model at once, and ends the streams with a word about it', async () => {
      const { events, path } = await ask()
      await more(events, 4)
      expect(stepped.pace.waiting).toBe(1)
      const response = await fetch(`${stepped.base}${path}/stop`, { method: 'POST' })
      expect(await response.json()).toEqual({ tokens: 4 })
      expect(stepped.pace.waiting).toBe(0)
      const rest = await events
      expect(rest.map(({ event }) => event)).toEqual(['stopped'])
      expect(dataOf(rest[0])).toEqual({ tokens: 4, reason: 'reader' })
      const again = await fetch(`${stepped.base}${path}`, { headers: { 'Last-Event-ID': events.lastEventId } })
      expect(again.status).toBe(204)
    })

    it('answers 404 for what there is not', async () => {
      expect((await fetch(`${stepped.base}/answers/x/stop`, { method: 'POST' })).status).toBe(404)
    })
  })

  describe('GET /stats', () => {
    it('says what the model and the hub are at', async () => {
      const { events } = await ask()
      expect(await (await fetch(`${stepped.base}/stats`)).json()).toMatchObject({
        begun: 1,
        running: 1,
        kept: 1,
        readers: 1,
        hub: { connections: 1, closed: { client: 0 } },
      })
      await events.return()
    })
  })

  it('needs no socket', async () => {
    const { app, close } = createTokens()
    const response = await app.request('/answers', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ prompt: PROMPT }),
    })
    expect(response.status).toBe(200)
    const events = readEvents(response)
    expect(await events.next()).toMatchObject({ value: { event: 'begun' } })
    expect(await events.next()).toMatchObject({ value: { event: 'token' } })
    await close()
    expect((await events).at(-1)).toMatchObject({ event: 'stopped' })
  })

  it('closes with its answers told, its streams ended, and its server free to end', async () => {
    const { events } = await ask()
    const { tokens, server } = stepped
    const closed = once(server, 'close')
    server.close()
    await tokens.close()
    const rest = await events
    expect(dataOf(rest.at(-1))).toEqual({ tokens: 0, reason: 'shutdown' })
    server.closeIdleConnections()
    await closed
    stepped = await startStepped()
  })
})

interface Data {
  readonly n?: number
  readonly text?: string
  readonly tokens?: number
}

function dataOf(event: { readonly data: string } | undefined): Data {
  return JSON.parse(event?.data ?? 'null')
}

function textOf(events: readonly { readonly data: string }[]): string {
  return events.map((event) => dataOf(event).text ?? '').join('')
}

async function takeEvents(events: EventReading, count: number): Promise<{ readonly data: string }[]> {
  const taken: { readonly data: string }[] = []
  while (taken.length < count) {
    const { value, done } = await events.next()
    if (done === true) throw new Error(`The stream ended after ${taken.length} of ${count}`)
    taken.push(value)
  }
  return taken
}

/** The numbers of the next tokens. */
async function take(events: EventReading, count: number): Promise<number[]> {
  return (await takeEvents(events, count)).map((event) => dataOf(event).n ?? Number.NaN)
}
