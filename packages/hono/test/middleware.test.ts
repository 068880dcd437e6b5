import { setImmediate as nextTurn } from 'node:timers/promises'
import { createHub, type SseStream } from '@sse/core'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { logger } from 'hono/logger'
import { secureHeaders } from 'hono/secure-headers'
import { timeout } from 'hono/timeout'
import { timing } from 'hono/timing'
import { describe, expect, it, vi } from 'vitest'
import type { SseVariables } from '../src/index.ts'
import * as node from '../src/node.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'
import { sharedChunks } from './shared-chunks.ts'

type Env = { Variables: SseVariables }

const replaceBody: MiddlewareHandler = async (c, next) => {
  await next()
  c.res = new Response(c.res.body, c.res)
}
const setLate: MiddlewareHandler = async (c, next) => {
  await next()
  c.header('X-Late', '1')
  setCookie(c, 'late', '1')
}

describe.each(PLATFORMS)('middleware around a stream, with $name', ({ sse }) => {
  it("works in front: Hono's own", async () => {
    const lines: string[] = []
    const hub = createHub()
    const app = new Hono<Env>()
    app.use(
      logger((line) => void lines.push(line)),
      timing(),
      secureHeaders(),
      cors(),
      compress(),
      timeout(1_000),
    )
    app.use(sse({ hub }))
    app.get('/', (c) => c.var.sse(hub.subscribe('a')))
    const { port } = await serve(app)
    const client = new RawClient(port).request('GET /', 'Accept-Encoding: gzip', 'Origin: http://elsewhere')
    const head = await client.until('\n\n')
    expect(head).toMatch(/^HTTP\/1.1 200 /)
    expect(head).toContain('\r\naccess-control-allow-origin: *\r\n')
    expect(head).toContain('\r\nserver-timing: total')
    expect(head).toContain('\r\nx-content-type-options: nosniff\r\n')
    expect(head).toContain('\r\ncache-control: no-cache, no-transform\r\n')
    expect(head).not.toContain('content-encoding')
    await hub.publish('a', { data: 'live' })
    await client.until('data: live')
    expect(lines[1]).toContain('200')
  })

  it('[F3] may set headers and cookies after `next()`, beside those of the handler', async () => {
    const app = new Hono<Env>()
    app.use(setLate, sse({ headers: { 'Set-Cookie': ['own=1', 'own=2'] } }))
    app.use(async (c, next) => {
      setCookie(c, 'early', '1')
      await next()
    })
    app.get('/', (c) => {
      c.status(201)
      c.header('Cache-Control', 'private')
      c.header('X-Early', getCookie(c, 'sent') ?? 'none')
      return c.var.sse()
    })
    const { port } = await serve(app)
    const head = await new RawClient(port).request('GET /', 'Cookie: sent=yes').until('\n\n')
    expect(head).toMatch(/^HTTP\/1.1 201 /)
    expect(head).toContain('\r\ncache-control: private\r\n')
    expect(head).toContain('\r\nx-early: yes\r\n')
    expect(head).toContain('\r\nx-late: 1\r\n')
    expect(head.match(/set-cookie: \w+=\d/g)?.sort()).toEqual([
      'set-cookie: early=1',
      'set-cookie: late=1',
      'set-cookie: own=1',
      'set-cookie: own=2',
    ])
    expect(head.match(/content-type|cache-control|x-accel-buffering/g)).toHaveLength(3)
  })

  it('keeps the content type that the application has set', async () => {
    const app = new Hono<Env>().use(sse())
    app.get('/', (c) => {
      c.header('Content-Type', 'text/event-stream')
      return c.var.sse()
    })
    const head = await new RawClient((await serve(app)).port).request('GET /').until('\n\n')
    expect(head).toMatch(/\r\ncontent-type: text\/event-stream\r\n/i)
  })

  it('may replace the response: the stream is released', async () => {
    const reasons: string[] = []
    const signal = deferred<AbortSignal>()
    const app = new Hono<Env>()
    app.use(async (c, next) => {
      await next()
      c.res = undefined
      c.res = c.json({ replaced: true })
    })
    // Where nobody says that a body will not be read, a client that takes nothing is what it looks like.
    app.use(sse({ stallTimeout: 100, onClose: (_, reason) => reasons.push(reason) }))
    app.get('/', (c) => c.var.sse((stream) => void signal.resolve(stream.signal)))
    const { url } = await serve(app)
    expect(await (await fetch(url)).json()).toEqual({ replaced: true })
    await vi.waitFor(async () => expect((await signal.promise).aborted).toBe(true))
    expect(reasons).toEqual([sse === node.sse ? 'client' : 'stalled'])
  })

  it('may read a stream as it passes, on copies, and add to its end', async () => {
    let seen = ''
    const decoder = new TextDecoder()
    const app = new Hono<Env>()
    app.use(async (c, next) => {
      await next()
      const reading = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          seen += decoder.decode(chunk, { stream: true })
          controller.enqueue(chunk.slice())
        },
        flush: (controller) => controller.enqueue(new TextEncoder().encode('data: added\n\n')),
      })
      c.res = new Response(c.res.body?.pipeThrough(reading), c.res)
    })
    app.use(sse())
    app.get('/', (c) =>
      c.var.sse(async function* () {
        for (let n = 0; n < 3; n++) {
          yield String(n)
          await nextTurn()
        }
      }),
    )
    const text = await (await fetch((await serve(app)).url)).text()
    expect(text.match(/(?<=data: )\w+/g)).toEqual(['0', '1', '2', 'added'])
    expect(text).toBe(`${seen}data: added\n\n`)
  })

  it('may add to the end of a stream that it passes on as it is', async () => {
    const app = new Hono<Env>()
    app.use(async (c, next) => {
      await next()
      const adding = new TransformStream<Uint8Array, Uint8Array>({
        flush: (controller) => controller.enqueue(new TextEncoder().encode('data: added\n\n')),
      })
      c.res = new Response(c.res.body?.pipeThrough(adding), c.res)
    })
    app.use(sse())
    app.get('/', (c) =>
      c.var.sse(async function* () {
        for (let n = 0; n < 3; n++) {
          yield String(n)
          await nextTurn()
        }
      }),
    )
    const text = await (await fetch((await serve(app)).url)).text()
    expect(text.match(/(?<=data: )\w+/g)).toEqual(['0', '1', '2', 'added'])
  })

  it('never sees the response of a handler that has forgotten to return it: the stream is released', async () => {
    const hub = createHub({ stallTimeout: 100 })
    const app = new Hono<Env>().use(sse({ hub }))
    // @ts-expect-error no response
    app.get('/', (c) => {
      void c.var.sse(hub.subscribe('a'))
    })
    const errors: string[] = []
    app.onError((error, c) => {
      errors.push(error.message)
      return c.text('no response', 500)
    })
    const { url } = await serve(app)
    expect((await fetch(url)).status).toBe(500)
    expect(errors).toEqual([expect.stringContaining('forget to return')])
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it('may want the whole response, as `etag` does: it has that of a stream which ends', async () => {
    const hub = createHub()
    const app = new Hono<Env>().use(etag(), sse({ hub }))
    app.get('/report', (c) =>
      c.var.sse(async function* () {
        yield 'all there is'
      }),
    )
    app.get('/hub', (c) => c.var.sse(hub.subscribe('a')))
    const { url, port } = await serve(app)
    const report = await fetch(`${url}/report`)
    expect(report.headers.get('ETag')).toMatch(/^"/)
    expect(await report.text()).toContain('data: all there is\n\n')
    // One that does not end never gets that far, and is released when its client has had enough.
    const client = new RawClient(port).request('GET /hub')
    await vi.waitFor(() => expect(hub.size).toBe(1))
    expect(client.received).toBe('')
    client.socket.destroy()
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it('gives up with its own error where a source takes too long to be there, as `timeout` does', async () => {
    const app = new Hono<Env>().use(timeout(20), sse())
    const stream = deferred<SseStream>()
    app.get('/', (c) =>
      c.var.sse(
        (one) => {
          stream.resolve(one)
          return new Promise(() => {})
        },
        { commitAfter: 200 },
      ),
    )
    expect((await fetch((await serve(app)).url)).status).toBe(504)
    expect((await stream.promise).lastEventId).toBeUndefined()
  })
})

describe.each(PLATFORMS)('errors before a stream is open, with $name', ({ sse }) => {
  it('reach `app.onError` once, or that of the routes they are in', async () => {
    const handled: string[] = []
    const onError = (where: string) => (error: Error, c: Context) => {
      handled.push(`${where}: ${error.message}`)
      return c.text(where, 418)
    }
    const inner = new Hono<Env>()
    inner.get('/own', (c) => c.var.sse(() => Promise.reject(new Error('boom'))))
    const app = new Hono<Env>().use(sse())
    app.onError(onError('outer'))
    app.get('/thrown', (c) =>
      c.var.sse(() => {
        throw new Error('boom')
      }),
    )
    app.get('/awaited', async (c) => await c.var.sse(() => Promise.reject(new Error('boom'))))
    app.route('/inner', inner.onError(onError('inner')))
    const { url } = await serve(app)
    for (const path of ['/thrown', '/awaited', '/inner/own']) expect((await fetch(url + path)).status).toBe(418)
    expect(handled).toEqual(['outer: boom', 'outer: boom', 'inner: boom'])
  })

  it('have the response of an `HTTPException`, and nothing of a stream', async () => {
    const app = new Hono<Env>().use(sse())
    app.get('/', (c) => c.var.sse(() => Promise.reject(new HTTPException(402, { message: 'pay first' }))))
    const response = await fetch((await serve(app)).url)
    expect(response.status).toBe(402)
    expect(await response.text()).toBe('pay first')
    expect(response.headers.get('Cache-Control')).toBeNull()
  })

  it('are those of `principal`, too', async () => {
    const app = new Hono<Env>().use(
      sse({
        principal: () => {
          throw new HTTPException(401)
        },
      }),
    )
    app.get('/', (c) => c.var.sse())
    app.get('/caught', (c) => c.var.sse().catch(() => c.text('', 418)))
    const { url } = await serve(app)
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(`${url}/caught`)).status).toBe(418)
  })
})

describe('the fast path on Node', () => {
  it.each([
    ['none', []],
    ['one that sets headers', [setLate]],
    ['one that makes another response of the same body', [replaceBody]],
    ['both, and compress()', [setLate, replaceBody, compress()]],
  ])('[F3] writes one prebuilt chunk to all sockets, under middleware: %s', async (_, outer: MiddlewareHandler[]) => {
    const hub = createHub()
    const app = new Hono<Env>()
    for (const middleware of outer) app.use(middleware)
    app.use(node.sse({ hub }))
    app.get('/', (c) => c.var.sse(hub.subscribe('a')))
    const { port, server } = await serve(app)
    const shared = sharedChunks(server)
    const clients = [1, 2].map(() => new RawClient(port).request('GET /', 'Accept-Encoding: gzip'))
    for (const client of clients) await client.until('\n\n')
    await hub.publish('a', { data: 'for all' })
    for (const client of clients) await client.until('data: for all\n')
    expect(shared).toContainEqual(expect.stringMatching(/^[\da-f]+\r\n(?:.+\n)+\n\r\n$/))
  })
})
