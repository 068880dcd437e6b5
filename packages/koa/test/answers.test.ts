import { createHub, type Source, type StreamOptions } from '@sse/core'
import { RawClient } from '@sse/tooling/raw-client'
import { describe, expect, it } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

/** What Node adds to every response. */
const NODE = 'Date: …\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n'

describe.each(VERSIONS)('answers that are no streams, on $name', ({ Koa }) => {
  it.each<readonly [string, () => Source]>([
    ['`null`', () => null],
    ['a function that says so', () => async () => null],
  ])('[H8] 204 for %s', async (_name, source) => {
    expect(await answerTo('GET /', source())).toBe(`HTTP/1.1 204 No Content\r\n${NODE}\r\n`)
  })

  it('[H8] 204 keeps the headers that were set, but those of a body', async () => {
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      expect(ctx.body).toBeNull()
      ctx.set('X-After', '1')
    })
    app.use(sse())
    app.use((ctx) => {
      ctx.body = { to: 'be replaced' }
      return ctx.sse(null, { headers: { 'X-Own': '2' } })
    })
    const received = await new RawClient((await serve(app)).port).request('GET /').until('\r\n\r\n')
    expect(withoutDate(received)).toBe(`HTTP/1.1 204 No Content\r\nX-Own: 2\r\nX-After: 1\r\n${NODE}\r\n`)
  })

  it('[H8] 503 where there is no room, and when to try again', async () => {
    const received = await answerTo('GET /', 'full')
    expect(received.replace(/\d+(?=\r\nContent-Length)/, 'N')).toBe(
      `HTTP/1.1 503 Service Unavailable\r\nRetry-After: N\r\nContent-Length: 0\r\n${NODE}\r\n`,
    )
  })

  it('[H8] 429 where one address has no room', async () => {
    const hub = createHub({ limits: { perAddress: 0 } })
    const received = await answerTo('GET /', hub.subscribe('a'))
    expect(received).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\nRetry-After: \d+\r\nContent-Length: 0\r\n/)
  })

  it('[H8] a stream that ends where there is no room for an EventSource, and a time to come back', async () => {
    const received = await answerTo('GET /', 'full', 'Accept: text/event-stream')
    const retry = /retry: (\d+)\n\n$/.exec(received)?.[0] ?? ''
    expect(received).toBe(
      [
        'HTTP/1.1 200 OK',
        'Content-Type: text/event-stream; charset=utf-8',
        'Cache-Control: no-cache, no-transform',
        'X-Accel-Buffering: no',
        `Content-Length: ${retry.length}`,
        NODE,
        retry,
      ].join('\r\n'),
    )
  })

  it('[H15] headers alone for HEAD, those that a GET gets, and no source is started', async () => {
    const started: string[] = []
    const generator = async function* (): AsyncGenerator<string> {
      started.push('generator')
      yield 'a'
    }
    const hub = createHub()
    for (const source of [() => void started.push('function'), generator(), hub.subscribe('a'), undefined]) {
      expect(await answerTo('HEAD /', source)).toBe(
        [
          'HTTP/1.1 200 OK',
          'Content-Type: text/event-stream; charset=utf-8',
          'Cache-Control: no-cache, no-transform',
          'X-Accel-Buffering: no',
          NODE,
          '',
        ].join('\r\n'),
      )
    }
    expect(await answerTo('HEAD /', null)).toBe(`HTTP/1.1 204 No Content\r\n${NODE}\r\n`)
    expect(await answerTo('HEAD /', undefined, { status: 201 })).toMatch(/^HTTP\/1.1 201 Created\r\n/)
    expect(started).toEqual([])
    expect(hub.size).toBe(0)
  })

  /** What comes over the wire, but the date. `full`: of a hub without room. */
  async function answerTo(
    line: string,
    source: Source | undefined | 'full',
    ...more: readonly (string | StreamOptions)[]
  ): Promise<string> {
    const full = createHub({ limits: { connections: 0 } })
    const options = more.find((one) => typeof one === 'object')
    const app = new Koa().use(sse())
    app.use((ctx) => {
      if (ctx.path !== '/next') return ctx.sse(source === 'full' ? full.subscribe('a') : source, options)
      return undefined
    })
    const { port, errors } = await serve(app)
    const client = new RawClient(port)
    client.request(line, ...more.filter((one) => typeof one === 'string'))
    await client.until('\r\n\r\n')
    // Whatever came after would be in front of the next answer.
    client.request('GET /next', 'Connection: close')
    await client.until('\r\n\r\nHTTP/1.1 ').catch(() => client.until('\n\nHTTP/1.1 '))
    expect(errors).toEqual([])
    return withoutDate(client.received.slice(0, client.received.indexOf('HTTP/1.1 ', 1)))
  }
})

function withoutDate(received: string): string {
  return received.replace(/Date: .*\r\n/, 'Date: …\r\n')
}
