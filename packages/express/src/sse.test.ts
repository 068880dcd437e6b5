import { takeEvents } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import type { Response } from 'express'
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
    ['retry', { retry: 1.5 }, '2147483647'],
    ['commitAfter', { commitAfter: -1 }, '0'],
    ['maxBufferedBytes', { maxBufferedBytes: -1 }, '0'],
    ['expiresAt', { expiresAt: new Date('never') }, 'valid date'],
    ['headers', { headers: { 'X-Note': 'a\r\nb' } }, 'X-Note'],
    ['headers', { headers: { 'Transfer-Encoding': 'chunked' } }, 'Transfer-Encoding'],
    ['heartbeat', { heartbeat: 0 }, '1 to'],
    ['stallTimeout', { stallTimeout: 0 }, '1 to'],
    ['ring.maxEvents', { ring: { maxEvents: 0 } }, '1 to'],
    ['limits.connections', { limits: { connections: -1 } }, '0 to'],
    // @ts-expect-error what JavaScript may hand over.
    ['lag', { lag: 'wait' } satisfies Parameters<typeof sse>[0], 'conflate'],
    // @ts-expect-error
    ['hub', { hub: {} } satisfies Parameters<typeof sse>[0], 'createHub'],
    // @ts-expect-error
    ['principal', { principal: 'me' } satisfies Parameters<typeof sse>[0], 'function'],
    // @ts-expect-error
    ['onError', { onError: 'log' } satisfies Parameters<typeof sse>[0], 'function'],
    // @ts-expect-error
    ['serialize', { serialize: 'json' } satisfies Parameters<typeof sse>[0], 'function'],
  ])('refuses a bad `%s` when it is made', (name, options: object, limit) => {
    expect(() => sse(options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
    expect(() => sse(options)).toThrow(limit)
  })

  it.each([
    { log: undefined as never, heartbeat: 1_000 },
    { ring: {} },
    { checkpoints: false },
    { stallTimeout: 1_000 },
    { lag: 'skip' as const },
    { limits: {} },
    { serialize: String },
    { deserialize: String },
    { onClose: () => {} },
  ])('refuses what belongs to the hub beside a hub: %o', (options) => {
    const [name] = Object.entries(options).find(([, value]) => value !== undefined) ?? []
    expect(() => sse({ hub: createHub(), ...options })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
    expect(() => sse(options)).not.toThrow()
  })

  it('has the hub it was given, or has made', () => {
    const hub = createHub<Prices>()
    expect(sse({ hub }).hub).toBe(hub)
    const { hub: own } = sse<Prices>({ limits: { eventBytes: 4 } })
    expect(() => own.publish('a', { data: 'too long' })).toThrow(expect.objectContaining({ code: 'SSE_LIMIT' }))
  })

  it('types: the hub keeps its event map, and responses have `sse`', () => {
    expectTypeOf(sse({ hub: createHub<Prices>() }).hub).toEqualTypeOf<Hub<Prices>>()
    expectTypeOf(sse<Prices>().hub).toEqualTypeOf<Hub<Prices>>()
    expectTypeOf<Response['sse']>().toEqualTypeOf<(source?: Source, options?: StreamOptions) => Promise<SseStream>>()
    const respond = (res: Response, hub: Hub<Prices>): void => {
      void res.sse((stream) => {
        expectTypeOf(stream).toEqualTypeOf<SseStream>()
      })
      void res.sse(
        hub.subscribe('stocks/*', {
          filter: ({ event, data }) => event !== 'price' || data.price > 0,
        }),
      )
      // @ts-expect-error no such event
      void hub.publish('a', { event: 'prize', data: 1 })
    }
    expectTypeOf(respond).toBeFunction()
  })
})

describe.each(VERSIONS)('sse on $name', ({ express }) => {
  it('streams a subscription', async () => {
    const hub = createHub<Prices>()
    const app = express().use(sse({ hub }))
    const prices = hub.subscribe('stocks/*', { replay: 'all' })
    app.get('/prices', (_req, res) => res.sse(prices))
    await hub.publish('stocks/AAPL', { event: 'price', data: { symbol: 'AAPL', price: 180 } })
    await hub.publish('weather/Bern', { data: 'rain' })
    await hub.publish('stocks/MSFT', { event: 'price', data: { symbol: 'MSFT', price: 410 } })
    const { body } = await request(app).get('/prices').buffer(true).parse(takeEvents(2))
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
    [
      'a function that gives a source',
      () =>
        ({ signal }) =>
          (async function* () {
            yield 'a'
            if (!signal.aborted) yield 'b'
          })(),
    ],
  ])('streams %s', async (_name, source) => {
    const onError = vi.fn()
    const middleware = sse({ onError })
    const app = express().use(middleware)
    app.get('/', (_req, res) => res.sse(source()))
    const { body } = await request(app).get('/').buffer(true).parse(takeEvents(9))
    expect(body).toMatchObject([{ data: 'a' }, { data: 'b' }])
    expect(middleware.hub.stats()).toMatchObject({ connections: 0, closed: { complete: 1, error: 0 } })
    expect(onError).not.toHaveBeenCalled()
  })

  it('holds the stream open without a source, for the handler to send to', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', async (_req, res) => {
      const stream = await res.sse()
      await stream.send('first')
      setImmediate(() => {
        void stream.send('second')
        stream.close()
      })
    })
    const { body } = await request(app).get('/').buffer(true).parse(takeEvents(9))
    expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
    expect(hub.stats().closed.complete).toBe(1)
  })

  it('makes a stream of any source one of its hub: counted, serialized and limited by it', async () => {
    const hub = createHub({ serialize: () => 'serialized', limits: { connections: 1 } })
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) => res.sse((stream) => void stream.send({ data: {} })))
    const { port, url } = await serve(app)
    await new RawClient(port).request('GET /').until('data: serialized')
    expect(hub.size).toBe(1)
    expect((await fetch(url)).status).toBe(503)
  })

  it('makes its own hub of the options of one', async () => {
    const onClose = vi.fn()
    const middleware = sse({ heartbeat: 20, retry: 77, onClose })
    const app = express().use(middleware)
    app.get('/', (_req, res) => res.sse())
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('retry: 77\n:\n\n')
    await client.until('3\r\n:\n\n\r\n3\r\n:\n\n')
    middleware.hub.disconnect(() => true)
    await client.until('0\r\n\r\n')
    expect(onClose).toHaveBeenCalledWith(expect.objectContaining({ state: 'live' }), 'revoked')
  })

  it('completes the options of a stream, header by header', async () => {
    const app = express()
    app.use(sse({ retry: 1_000, headers: { 'X-App': 'app', 'x-both': 'app' } }))
    app.get('/defaults', (_req, res) => res.sse(undefined, { retry: undefined }))
    app.get('/own', (_req, res) => res.sse(undefined, { retry: 0, headers: [['X-Both', 'own']], status: 202 }))
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
    const app = express().use(sse({ hub, principal: (req) => req.get('X-User') }))
    app.get('/', (_req, res) => res.sse())
    app.get('/own', (_req, res) => res.sse(undefined, { principal: 'own' }))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /', 'X-User: ada').until(':\n\n')
    await new RawClient(port).request('GET /').until(':\n\n')
    await new RawClient(port).request('GET /own', 'X-User: bob').until(':\n\n')
    expect(Array.from(hub.connections, ({ principal }) => principal)).toEqual(['ada', undefined, 'own'])
    expect(hub.disconnect({ principal: 'ada' })).toBe(1)
    expect(hub.size).toBe(2)
  })

  it('takes the address that Express does, behind a proxy that is trusted', async () => {
    const hub = createHub()
    const app = express().set('trust proxy', 'loopback').use(sse({ hub }))
    app.get('/', (_req, res) => res.sse())
    app.get('/own', (_req, res) => res.sse(undefined, { address: 'here' }))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /').until(':\n\n')
    await new RawClient(port).request('GET /', 'X-Forwarded-For: 203.0.113.7').until(':\n\n')
    await new RawClient(port).request('GET /own').until(':\n\n')
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual(['127.0.0.1', '203.0.113.7', 'here'])
  })

  it.each([
    ['a value', (at: Date) => at],
    ['a function of the request', (at: Date) => () => at],
  ])('ends streams at `expiresAt`, %s', async (_name, of) => {
    const onClose = vi.fn()
    const app = express().use(sse({ heartbeat: 40, onClose, expiresAt: of(new Date(Date.now() + 60)) }))
    app.get('/', (_req, res) => res.sse())
    await new RawClient((await serve(app)).port).request('GET /').until('0\r\n\r\n')
    expect(onClose).toHaveBeenCalledWith(expect.anything(), 'expired')
  })

  it('is one for one router: the innermost counts', async () => {
    const [outer, inner] = [createHub(), createHub()]
    const app = express().use(sse({ hub: outer }))
    app.get('/outer', (_req, res) => res.sse())
    app.use(
      '/inner',
      express
        .Router()
        .use(sse({ hub: inner }))
        .get('/', (_req, res) => res.sse()),
    )
    const { port } = await serve(app)
    await new RawClient(port).request('GET /inner').until(':\n\n')
    expect([outer.size, inner.size]).toEqual([0, 1])
    await new RawClient(port).request('GET /outer').until(':\n\n')
    expect([outer.size, inner.size]).toEqual([1, 1])
  })
})
