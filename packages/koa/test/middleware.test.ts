import type { Socket } from 'node:net'
import { PassThrough, Readable, Transform } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import cors from '@koa/cors'
import Router from '@koa/router'
import { createHub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import session from 'koa-session'
import { describe, expect, it, vi } from 'vitest'
import { eventStream, sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

describe.each(VERSIONS)('streams under ordinary middleware on $name', ({ name, Koa }) => {
  it('[F2] keep the headers and cookies that are set after `next()`, however long that takes', async () => {
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      await delay(30)
      ctx.cookies.set('after', '1')
      ctx.set({ 'X-After': '1', 'Cache-Control': 'private' })
    })
    app.use(sse({ commitAfter: 5 }))
    app.use((ctx) => {
      if (ctx.path === '/returned') return ctx.sse(createHub().subscribe('a'))
      if (ctx.path === '/awaited') return ctx.sse((stream) => void stream.send('at once')).then(() => {})
      return void ctx.sse()
    })
    const { port } = await serve(app)
    for (const path of ['/returned', '/awaited', '/ignored']) {
      const received = await new RawClient(port).request(`GET ${path}`).until('\n\n')
      expect(received).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      expect(received).toContain('\r\nSet-Cookie: after=1; path=/; httponly\r\n')
      expect(received).toContain('\r\nX-After: 1\r\n')
      expect(received).toContain('\r\nCache-Control: private\r\n')
    }
  })

  it('[F2] are written to directly, past the response, all the same', async () => {
    const hub = createHub()
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      ctx.set('X-After', '1')
    })
    app.use(sse({ hub }))
    app.use((ctx) => ctx.sse(hub.subscribe('a')))
    const { port, server } = await serve(app)
    const writes: unknown[] = []
    server.once('connection', (socket: Socket) => {
      socket.write = new Proxy(socket.write, {
        apply(write, self, args) {
          writes.push(args[0])
          return Reflect.apply(write, self, args)
        },
      })
    })
    const client = new RawClient(port).request('GET /')
    await client.until('\n\n')
    await hub.publish('a', { data: 'hello' })
    const received = await client.until('data: hello')
    expect(received).toContain('X-After: 1')
    // One write with its chunk coding: the response itself makes three of it.
    expect(String(writes.at(-1))).toMatch(/^[\da-f]+\r\ndata: hello\nid: .*\n\n\r\n$/)
  })

  it('[F2] are no page that was not found: unreturned, a page for those does not replace them', async () => {
    const app = new Koa()
    const notFound = async (ctx: { status: number; body: unknown }, next: () => Promise<unknown>): Promise<void> => {
      await next()
      if (ctx.status !== 404) return
      ctx.status = 404
      ctx.body = '<h1>There is no such page</h1>'
    }
    app
      .use(notFound)
      .use(sse({ commitAfter: 5 }))
      .use(notFound)
    app.use((ctx) => {
      if (ctx.path === '/returned') return ctx.sse()
      if (ctx.path === '/ignored') return void ctx.sse()
      // Not open yet when the handler is done.
      if (ctx.path === '/later') return void ctx.sse(() => delay(20).then(() => () => {}))
      return undefined
    })
    const { port, url } = await serve(app)
    for (const path of ['/returned', '/ignored', '/later']) {
      const received = await new RawClient(port).request(`GET ${path}`).until(':\n\n')
      expect(received).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      expect(received).toContain('\r\nContent-Type: text/event-stream; charset=utf-8\r\n')
      expect(received).not.toContain('Content-Length')
    }
    expect((await fetch(url)).status).toBe(404)
  })

  it('work in a router that also answers what is not allowed, and with CORS', async () => {
    const hub = createHub()
    const app = new Koa().use(cors({ origin: 'https://example.org', credentials: true })).use(sse({ hub }))
    const router = new Router({ prefix: '/api' })
    router.get('/prices/:symbol', (ctx) => ctx.sse(hub.subscribe(`stocks/${ctx.params.symbol}`)))
    app.use(router.routes()).use(router.allowedMethods())
    const { url, errors } = await serve(app)
    const response = await fetch(`${url}/api/prices/AAPL`, { headers: { Origin: 'https://example.org' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://example.org')
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true')
    const events = readEvents(response, { take: 1 })
    await hub.publish('stocks/AAPL', { data: '180' })
    expect(await events).toMatchObject([{ data: '180' }])
    expect((await fetch(`${url}/api/prices/AAPL`, { method: 'PUT' })).status).toBe(405)
    const refused = await fetch(`${url}/api/prices/AAPL`, {
      headers: { Origin: 'https://example.org' },
      method: 'HEAD',
    })
    expect(refused.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(errors).toEqual([])
  })

  it('carry the cookie of koa-session, which sets it after `next()`', async () => {
    const app = new Koa()
    app.keys = ['a key']
    app.use(session({}, app)).use(sse())
    app.use((ctx) => {
      const visits = (ctx.session.visits ?? 0) + 1
      ctx.session.visits = visits
      return ctx.sse(async function* () {
        yield String(visits)
      })
    })
    const { port } = await serve(app)
    const first = await new RawClient(port).request('GET /').until('0\r\n\r\n')
    expect(first).toContain('data: 1\n\n')
    const cookies = Array.from(first.matchAll(/Set-Cookie: ([^;]+);/gi), ([, cookie]) => cookie)
    expect(cookies).toHaveLength(2)
    const second = await new RawClient(port).request('GET /', `Cookie: ${cookies.join('; ')}`).until('0\r\n\r\n')
    expect(second).toContain('data: 2\n\n')
  })

  it('keep what was set before: status, headers and content type', async () => {
    const app = new Koa().use(sse())
    app.use((ctx) => {
      ctx.status = 201
      ctx.set({ 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'yes' })
      ctx.type = 'text/event-stream'
      return ctx.sse()
    })
    const received = await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
    expect(received).toMatch(/^HTTP\/1.1 201 Created\r\n/)
    expect(received).toContain('\r\nCache-Control: no-store\r\n')
    expect(received).toContain('\r\nX-Accel-Buffering: yes\r\n')
    expect(received.match(/content-type|cache-control|x-accel-buffering/gi)).toHaveLength(3)
  })

  it('[H2] keep every cookie, and say nothing of the connection but what Node does', async () => {
    const app = new Koa().use(sse({ headers: { 'Set-Cookie': ['c=3', 'd=4'] } }))
    app.use((ctx) => {
      ctx.append('Set-Cookie', 'a=1')
      ctx.append('Set-Cookie', 'b=2')
      return ctx.sse()
    })
    const received = await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
    expect(received.match(/Set-Cookie: \w=\d/g)?.map((cookie) => cookie.slice(-3))).toEqual([
      'a=1',
      'b=2',
      'c=3',
      'd=4',
    ])
    expect(received.match(/transfer-encoding|connection:/gi)).toEqual(['Connection:', 'Transfer-Encoding'])
  })

  it('[F2] begin after `commitAfter`, where the handler goes on with them', async () => {
    const app = new Koa().use(sse({ commitAfter: 10 }))
    const done = deferred<unknown>()
    app.use(async (ctx) => {
      const stream = await ctx.sse()
      for (let n = 0; n < 3; n++) await stream.send(String(n))
      await stream.send('x'.repeat(100_000))
      stream.close()
      done.resolve(await stream.closed)
    })
    const { port, errors } = await serve(app)
    const received = await new RawClient(port).request('GET /').until('0\r\n\r\n')
    expect(received.match(/data: (?:\d|x+)\n\n/g)).toHaveLength(4)
    expect(await done.promise).toBe('complete')
    expect(errors).toEqual([])
  })

  it('[F2] do not hang where the handler goes on with them, and another body is set in the meantime', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub, commitAfter: 5 }))
    const replaced = deferred()
    app.use(async (ctx) => {
      await ctx.sse(hub.subscribe('a'))
      await vi.waitFor(() => expect(ctx.headerSent).toBe(true))
      ctx.body = 'instead'
      replaced.resolve()
    })
    const { port, errors } = await serve(app)
    const client = new RawClient(port).request('GET /')
    await client.until('\n\n')
    await replaced.promise
    await hub.publish('a', { data: 'hello' })
    // Koa 2 leaves a body alone that was replaced. Koa 3 destroys it: then the client has to know.
    if (name !== 'Koa 3') await client.until('data: hello')
    else await vi.waitFor(() => expect(client.socket.closed).toBe(true))
    expect(errors).toEqual([])
  })

  it.each([
    ['before', false],
    ['after', true],
  ])('are sent where Koa is told not to respond: %s they are asked for', async (_when, after) => {
    const hub = createHub({ limits: { perAddress: 1 } })
    const app = new Koa().use(sse({ hub }))
    app.use(async (ctx) => {
      if (!after) ctx.respond = false
      void ctx.sse(ctx.path === '/null' ? null : hub.subscribe('a'))
      if (after) ctx.respond = false
    })
    const { port, url } = await serve(app)
    expect((await fetch(`${url}/null`)).status).toBe(204)
    await new RawClient(port).request('GET /').until('\n\n')
    expect((await fetch(url)).status).toBe(429)
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
  })

  it('are sent where Koa is told not to respond, also without the middleware', async () => {
    const app = new Koa()
    app.use((ctx) => {
      ctx.respond = false
      return eventStream(ctx, () => {}, { commitAfter: 5 })
    })
    await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
  })

  describe('that puts another body in their place', () => {
    it.each<readonly [string, () => unknown]>([
      ['a text', () => 'instead'],
      ['bytes', () => Buffer.from('instead')],
      ['a stream', () => Readable.from(['inst', 'ead'])],
      ['nothing', () => null],
    ])('[F2] close, and that is sent: %s', async (_kind, make) => {
      const hub = createHub()
      const app = new Koa()
      app.use(async (ctx, next) => {
        await next()
        ctx.body = make()
      })
      app.use(sse({ hub }))
      app.use((ctx) => ctx.sse(hub.subscribe('a')))
      const { url, errors } = await serve(app)
      const response = await fetch(url)
      expect(response.status).toBe(make() === null ? 204 : 200)
      expect(await response.text()).toBe(make() === null ? '' : 'instead')
      await vi.waitFor(() => expect(hub.size).toBe(0))
      expect(errors).toEqual([])
    })

    it('[F2] close after `stallTimeout`, where that is a stream without end, and is not cut', async () => {
      const hub = createHub({ stallTimeout: 40 })
      const app = new Koa()
      const body = new PassThrough()
      app.use(async (ctx, next) => {
        await next()
        ctx.body = body
      })
      app.use(sse({ hub }))
      app.use((ctx) => ctx.sse(hub.subscribe('a')))
      const { port } = await serve(app)
      const client = new RawClient(port).request('GET /')
      body.write('one')
      await client.until('one')
      await vi.waitFor(() => expect(hub.size).toBe(0))
      body.end('two')
      await client.until('0\r\n\r\n')
    })

    it('go through it, where that is one that they are piped into', async () => {
      const hub = createHub({ stallTimeout: 40 })
      const app = new Koa()
      app.use(async (ctx, next) => {
        await next()
        const upper = new Transform({
          transform: (chunk, _encoding, callback) => callback(null, String(chunk).toUpperCase()),
        })
        ctx.body = ctx.body.pipe(upper)
      })
      app.use(sse({ hub }))
      app.use((ctx) => ctx.sse(hub.subscribe('a')))
      const { port } = await serve(app)
      const client = new RawClient(port).request('GET /')
      for (const data of ['one', 'two', 'three']) {
        await client.until('\n\n')
        await hub.publish('a', { data })
        await client.until(`DATA: ${data.toUpperCase()}`)
      }
      client.socket.destroy()
      await vi.waitFor(() => expect(hub.size).toBe(0))
    })
  })
})
