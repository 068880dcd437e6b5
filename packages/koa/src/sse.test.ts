import Router from '@koa/router'
import { takeEvents } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import type Koa from 'koa'
import type { Context, ExtendableContext, Middleware, ParameterizedContext } from 'koa'
import request from 'supertest'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { serve } from '../test/serve.ts'
import { VERSIONS } from '../test/versions.ts'
import { createHub, type Hub, type Source, type SseStream, type StreamOptions, sse } from './index.ts'

interface Prices {
  price: { symbol: string; price: number }
  message: string
}

describe('sse', () => {
  it.each([
    ['retry', { retry: -1 }, '2147483647'],
    ['commitAfter', { commitAfter: -1 }, '0'],
    ['maxBufferedBytes', { maxBufferedBytes: -1 }, '0'],
    ['expiresAt', { expiresAt: new Date('never') }, 'valid date'],
    ['headers', { headers: { 'X-Note': 'a\r\nb' } }, 'X-Note'],
    ['heartbeat', { heartbeat: 0 }, '1 to'],
    ['limits.connections', { limits: { connections: -1 } }, '0 to'],
    // @ts-expect-error what JavaScript may hand over.
    ['hub', { hub: {} } satisfies Parameters<typeof sse>[0], 'createHub'],
    // @ts-expect-error
    ['principal', { principal: 'me' } satisfies Parameters<typeof sse>[0], 'function'],
  ])('refuses a bad `%s` when it is made', (name, options: object, limit) => {
    expect(() => sse(options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
    expect(() => sse(options)).toThrow(limit)
  })

  it('refuses what belongs to the hub beside a hub', () => {
    expect(() => sse({ hub: createHub(), heartbeat: 1_000 })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`heartbeat`') }),
    )
  })

  it('has the hub it was given, or has made', () => {
    const hub = createHub<Prices>()
    expect(sse({ hub }).hub).toBe(hub)
    const { hub: own } = sse<Prices>({ limits: { eventBytes: 4 } })
    expect(() => own.publish('a', { data: 'too long' })).toThrow(expect.objectContaining({ code: 'SSE_LIMIT' }))
  })

  it('types: contexts have `sse`, whatever their state and additions', () => {
    type OpenStream = (source?: Source, options?: StreamOptions) => Promise<SseStream>
    interface State {
      user: { id: string }
    }
    interface Added {
      db: { read(): string }
    }
    expectTypeOf<ExtendableContext['sse']>().toEqualTypeOf<OpenStream>()
    expectTypeOf<Context['sse']>().toEqualTypeOf<OpenStream>()
    expectTypeOf<ParameterizedContext<State, Added, string>['sse']>().toEqualTypeOf<OpenStream>()
    expectTypeOf<Parameters<Middleware<State, Added>>[0]['sse']>().toEqualTypeOf<OpenStream>()
    const mount = (app: Koa<State, Added>, hub: Hub<Prices>): void => {
      app.use(sse({ hub }))
      app.use((ctx) => ctx.sse(({ signal, send }) => void (signal.aborted || send(ctx.db.read() + ctx.state.user.id))))
      const router = new Router<State, Added>()
      router.use(sse({ hub }))
      router.get('/prices/:symbol', (ctx) => {
        expectTypeOf(ctx.sse).toEqualTypeOf<OpenStream>()
        return ctx.sse(hub.subscribe(ctx.params.symbol ?? ctx.state.user.id))
      })
      router.get('/taken', ({ sse, db }) => sse((stream) => void stream.send(db.read())))
      app.use(router.routes()).use(router.allowedMethods())
    }
    expectTypeOf(mount).toBeFunction()
  })

  it('types: the hub keeps its event map, and functions of the options get the context', () => {
    const hub = createHub<Prices>()
    const middleware = sse({
      hub,
      principal: (ctx) => {
        expectTypeOf(ctx).toEqualTypeOf<Context>()
        return ctx.state.user?.id
      },
      expiresAt: ({ request }) => (request.fresh ? 1 : undefined),
    })
    expectTypeOf(middleware.hub).toEqualTypeOf<Hub<Prices>>()
    expectTypeOf(sse<Prices>().hub).toEqualTypeOf<Hub<Prices>>()
    expectTypeOf(middleware).toExtend<Middleware>()
    // @ts-expect-error no such event
    expect(() => middleware.hub.publish('a', { event: 'prize', data: () => {} })).toThrow()
  })
})

describe.each(VERSIONS)('sse on $name', ({ Koa }) => {
  it('streams a subscription', async () => {
    const hub = createHub<Prices>()
    const app = new Koa().use(sse({ hub }))
    const prices = hub.subscribe('stocks/*', { replay: 'all' })
    app.use((ctx) => ctx.sse(prices))
    await hub.publish('stocks/AAPL', { event: 'price', data: { symbol: 'AAPL', price: 180 } })
    await hub.publish('weather/Bern', { data: 'rain' })
    await hub.publish('stocks/MSFT', { event: 'price', data: { symbol: 'MSFT', price: 410 } })
    const { body } = await request(app.callback()).get('/').buffer(true).parse(takeEvents(2))
    expect(body).toMatchObject([
      { event: 'price', data: '{"symbol":"AAPL","price":180}' },
      { event: 'price', data: '{"symbol":"MSFT","price":410}' },
    ])
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it.each<readonly [string, () => Source]>([
    [
      'an async generator',
      async function* () {
        yield 'a'
        yield { data: 'b' }
      },
    ],
    [
      'a ReadableStream',
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue('a')
            controller.enqueue({ data: 'b' })
            controller.close()
          },
        }),
    ],
    [
      'an observable',
      () => ({
        subscribe(observer) {
          observer.next('a')
          observer.next({ data: 'b' })
          observer.complete()
          return () => {}
        },
      }),
    ],
    [
      'a function that sends',
      () => async (stream) => {
        await stream.send('a')
        await stream.send({ data: 'b' })
      },
    ],
  ])('streams %s', async (_name, source) => {
    const onError = vi.fn()
    const middleware = sse({ onError })
    const app = new Koa().use(middleware)
    app.use((ctx) => ctx.sse(source()))
    const { body } = await request(app.callback()).get('/').buffer(true).parse(takeEvents(9))
    expect(body).toMatchObject([{ data: 'a' }, { data: 'b' }])
    expect(middleware.hub.stats()).toMatchObject({ connections: 0, closed: { complete: 1, error: 0 } })
    expect(onError).not.toHaveBeenCalled()
  })

  it('holds the stream open without a source, for the handler to send to', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub }))
    app.use(async (ctx) => {
      const stream = await ctx.sse()
      await stream.send('first')
      setImmediate(() => {
        void stream.send('second')
        stream.close()
      })
    })
    const { body } = await request(app.callback()).get('/').buffer(true).parse(takeEvents(9))
    expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
    expect(hub.stats().closed.complete).toBe(1)
  })

  it('gives contexts a function that may be taken off them', async () => {
    const app = new Koa().use(sse())
    app.use(({ sse: stream }) => stream((client) => void client.send('hello')))
    await new RawClient((await serve(app)).port).request('GET /').until('data: hello')
  })

  it('makes a stream of any source one of its hub: counted, serialized and limited by it', async () => {
    const hub = createHub({ serialize: () => 'serialized', limits: { connections: 1 } })
    const app = new Koa().use(sse({ hub }))
    app.use((ctx) => ctx.sse((stream) => void stream.send({ data: {} })))
    const { port, url } = await serve(app)
    await new RawClient(port).request('GET /').until('data: serialized')
    expect(hub.size).toBe(1)
    expect((await fetch(url)).status).toBe(503)
  })

  it('makes its own hub of the options of one', async () => {
    const onClose = vi.fn()
    const middleware = sse({ heartbeat: 20, retry: 77, onClose })
    const app = new Koa().use(middleware)
    app.use((ctx) => ctx.sse())
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('retry: 77\n:\n\n')
    await client.until('3\r\n:\n\n\r\n3\r\n:\n\n')
    middleware.hub.disconnect(() => true)
    await client.until('0\r\n\r\n')
    expect(onClose).toHaveBeenCalledWith(expect.objectContaining({ state: 'live' }), 'revoked')
  })

  it('completes the options of a stream, header by header', async () => {
    const app = new Koa().use(sse({ retry: 1_000, headers: { 'X-App': 'app', 'x-both': 'app' } }))
    app.use((ctx) =>
      ctx.path === '/own'
        ? ctx.sse(undefined, { retry: 0, headers: [['X-Both', 'own']], status: 202 })
        : // @ts-expect-error what JavaScript may hand over.
          ctx.sse(undefined, { retry: undefined }),
    )
    const { port } = await serve(app)
    const defaults = await new RawClient(port).request('GET /defaults').until(':\n\n')
    expect(defaults).toContain('\r\nX-App: app\r\nx-both: app\r\n')
    expect(defaults).toContain('retry: 1000\n')
    const own = await new RawClient(port).request('GET /own').until(':\n\n')
    expect(own).toMatch(/^HTTP\/1.1 202 /)
    expect(own).toContain('\r\nX-App: app\r\nX-Both: own\r\n')
    expect(own).not.toContain('x-both')
    expect(own).toContain('retry: 0\n')
  })

  it('asks `principal` for each request, unless the call says who it is', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub, principal: (ctx) => ctx.get('X-User') || undefined }))
    app.use((ctx) => ctx.sse(undefined, ctx.path === '/own' ? { principal: 'own' } : {}))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /', 'X-User: ada').until(':\n\n')
    await new RawClient(port).request('GET /').until(':\n\n')
    await new RawClient(port).request('GET /own', 'X-User: bob').until(':\n\n')
    expect(Array.from(hub.connections, ({ principal }) => principal)).toEqual(['ada', undefined, 'own'])
    expect(hub.disconnect({ principal: 'ada' })).toBe(1)
    expect(hub.size).toBe(2)
  })

  it('takes the address that Koa does, behind a proxy that is trusted', async () => {
    const hub = createHub()
    const app = new Koa({ proxy: true }).use(sse({ hub }))
    app.use((ctx) => ctx.sse(undefined, ctx.path === '/own' ? { address: 'here' } : {}))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /').until(':\n\n')
    await new RawClient(port).request('GET /', 'X-Forwarded-For: 203.0.113.7').until(':\n\n')
    await new RawClient(port).request('GET /own').until(':\n\n')
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual(['127.0.0.1', '203.0.113.7', 'here'])
  })

  it('asks `address` for each request, where Koa would not know', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub, address: (ctx) => ctx.get('X-Client') || undefined }))
    app.use((ctx) => ctx.sse())
    const { port } = await serve(app)
    await new RawClient(port).request('GET /', 'X-Client: 203.0.113.9').until(':\n\n')
    await new RawClient(port).request('GET /').until(':\n\n')
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual(['203.0.113.9', '127.0.0.1'])
  })

  it.each([
    ['a value', (at: Date) => at],
    ['a function of the context', (at: Date) => () => at],
  ])('ends streams at `expiresAt`, %s', async (_name, of) => {
    const onClose = vi.fn()
    const app = new Koa().use(sse({ heartbeat: 40, onClose, expiresAt: of(new Date(Date.now() + 60)) }))
    app.use((ctx) => ctx.sse())
    await new RawClient((await serve(app)).port).request('GET /').until('0\r\n\r\n')
    expect(onClose).toHaveBeenCalledWith(expect.anything(), 'expired')
  })

  it('may be there more than once: the innermost counts', async () => {
    const [outer, inner] = [createHub(), createHub()]
    const app = new Koa().use(sse({ hub: outer }))
    const router = new Router()
    router.get('/outer', (ctx) => ctx.sse())
    router.get('/inner', sse({ hub: inner }), (ctx) => void ctx.sse())
    app.use(router.routes())
    const { port } = await serve(app)
    await new RawClient(port).request('GET /inner').until(':\n\n')
    expect([outer.size, inner.size]).toEqual([0, 1])
    await new RawClient(port).request('GET /outer').until(':\n\n')
    expect([outer.size, inner.size]).toEqual([1, 1])
  })
})
