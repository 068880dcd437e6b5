import { RawClient } from '@sse/tooling/raw-client'
import { type Context, Hono } from 'hono'
import { hc } from 'hono/client'
import { createFactory } from 'hono/factory'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { PLATFORMS } from '../test/platforms.ts'
import { serve } from '../test/serve.ts'
import {
  createHub,
  type Hub,
  type Source,
  type SseOptions,
  type SseStream,
  type SseVariables,
  type StreamOptions,
  sse,
} from './index.ts'

interface Prices {
  price: { symbol: string; price: number }
  message: string
}

type Env = { Variables: SseVariables }

describe('sse', () => {
  it.each([
    ['retry', { retry: -1 }, '2147483647'],
    ['commitAfter', { commitAfter: -1 }, '0'],
    ['maxBufferedBytes', { maxBufferedBytes: -1 }, '0'],
    ['expiresAt', { expiresAt: new Date('never') }, 'valid date'],
    ['headers', { headers: { 'Transfer-Encoding': 'chunked' } }, 'Transfer-Encoding'],
    ['heartbeat', { heartbeat: 0 }, '1 to'],
    ['limits.connections', { limits: { connections: -1 } }, '0 to'],
    ['heartbeat', { hub: createHub(), heartbeat: 1_000 }, 'createHub'],
    // @ts-expect-error what JavaScript may hand over.
    ['hub', { hub: {} } satisfies SseOptions, 'createHub'],
    // @ts-expect-error
    ['principal', { principal: 'me' } satisfies SseOptions, 'function'],
  ])('refuses a bad `%s` when it is made', (name, options: object, limit) => {
    expect(() => sse(options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
    expect(() => sse(options)).toThrow(limit)
  })

  it('has the hub it was given, or has made', () => {
    const hub = createHub<Prices>()
    expect(sse({ hub }).hub).toBe(hub)
    const { hub: own } = sse<Prices>({ limits: { eventBytes: 4 } })
    expect(() => own.publish('a', { data: 'too long' })).toThrow(expect.objectContaining({ code: 'SSE_LIMIT' }))
  })

  it('[F3] types: contexts have `sse` by the variables of the middleware, and by nothing else', () => {
    type Sse = (source?: Source, options?: StreamOptions) => Promise<Response>
    expectTypeOf(sse({ hub: createHub<Prices>() }).hub).toEqualTypeOf<Hub<Prices>>()
    expectTypeOf(sse<Prices>().hub).toEqualTypeOf<Hub<Prices>>()
    new Hono().use(sse()).get('/', (c) => {
      expectTypeOf(c.var.sse).toEqualTypeOf<Sse>()
      expectTypeOf(c.get('sse')).toEqualTypeOf<Sse>()
      return c.var.sse((stream) => void expectTypeOf(stream).toEqualTypeOf<SseStream>())
    })
    new Hono().get('/', sse(), (c) => {
      expectTypeOf(c.var.sse).toEqualTypeOf<Sse>()
      return c.var.sse()
    })
    new Hono<Env>().get('/', (c) => {
      expectTypeOf(c.var.sse).toEqualTypeOf<Sse>()
      return c.var.sse(null)
    })
    // @ts-expect-error there is no middleware
    new Hono().get('/', (c) => c.var.sse())
  })

  it('types: beside the bindings and variables of an application, and in a factory', () => {
    interface Bindings {
      DATABASE: string
    }
    type App = { Bindings: Bindings; Variables: SseVariables & { user: { id: string } } }
    const principal = (c: Context<App>): string => c.var.user.id
    const app = new Hono<App>()
    app.use(sse({ principal }))
    app.get('/:room', (c) => {
      expectTypeOf(c.env).toEqualTypeOf<Bindings>()
      expectTypeOf(c.var.user.id).toEqualTypeOf<string>()
      expectTypeOf(c.req.param('room')).toEqualTypeOf<string>()
      return c.var.sse()
    })
    const factory = createFactory<App>()
    const handlers = factory.createHandlers(sse(), (c) => {
      expectTypeOf(c.var.user.id).toEqualTypeOf<string>()
      return c.var.sse()
    })
    factory.createApp().get('/', ...handlers)
  })

  it('types: a client of `hc` knows the routes of streams, and what else they answer', () => {
    const app = new Hono()
      .use(sse())
      .get('/prices', (c) => c.var.sse())
      .get('/rooms/:room', async (c) => (c.req.param('room') === '' ? c.json({ error: 'no room' }, 404) : c.var.sse()))
      .get('/plain', (c) => c.json({ ok: true }))
    const client = hc<typeof app>('http://localhost')
    expectTypeOf(client.prices.$get).returns.resolves.toHaveProperty('body')
    expectTypeOf(client.rooms[':room'].$get).parameter(0).toEqualTypeOf<{ param: { room: string } }>()
    const plain = async (): Promise<{ ok: boolean }> => (await client.plain.$get()).json()
    expectTypeOf(plain).returns.resolves.toEqualTypeOf<{ ok: boolean }>()
  })
})

describe.each(PLATFORMS)('sse, in $name', ({ sse }) => {
  it('makes a stream of any source one of its hub: counted, serialized and limited by it', async () => {
    const hub = createHub({ serialize: () => 'serialized', limits: { connections: 1 } })
    const app = new Hono<Env>().use(sse({ hub }))
    app.get('/', (c) => c.var.sse((stream) => void stream.send({ data: {} })))
    const { port, url } = await serve(app)
    await new RawClient(port).request('GET /').until('data: serialized')
    expect(hub.size).toBe(1)
    expect((await fetch(url)).status).toBe(503)
  })

  it('holds the stream open without a source, until its hub ends it', async () => {
    const onClose = vi.fn()
    const middleware = sse({ heartbeat: 20, retry: 77, onClose })
    const app = new Hono<Env>().use(middleware)
    app.get('/', (c) => c.var.sse())
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('retry: 77\n:\n\n')
    await client.until('3\r\n:\n\n\r\n3\r\n:\n\n')
    middleware.hub.disconnect(() => true)
    await client.until('0\r\n\r\n')
    expect(onClose).toHaveBeenCalledWith(expect.objectContaining({ state: 'live' }), 'revoked')
  })

  it('gives a function the stream, to send to from anywhere', async () => {
    const streams = new Set<SseStream>()
    const app = new Hono<Env>().use(sse())
    app.get('/', (c) =>
      c.var.sse((stream) => {
        streams.add(stream)
        void stream.closed.then(() => streams.delete(stream))
      }),
    )
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until(':\n\n')
    for (const stream of streams) expect(await stream.send('from elsewhere')).toBe(true)
    await client.until('data: from elsewhere')
    client.socket.destroy()
    await vi.waitFor(() => expect(streams.size).toBe(0))
  })

  it('completes the options of a stream, header by header', async () => {
    const app = new Hono<Env>()
    app.use(sse({ retry: 1_000, headers: { 'X-App': 'app', 'X-Both': 'app' } }))
    app.get('/defaults', (c) => c.var.sse(undefined, { retry: undefined }))
    app.get('/own', (c) => c.var.sse(undefined, { retry: 0, headers: [['X-Both', 'own']], status: 202 }))
    const { port } = await serve(app)
    const defaults = await new RawClient(port).request('GET /defaults').until(':\n\n')
    expect(defaults).toContain('\r\nx-app: app\r\nx-both: app\r\n')
    expect(defaults).toContain('retry: 1000\n')
    const own = await new RawClient(port).request('GET /own').until(':\n\n')
    expect(own).toMatch(/^HTTP\/1.1 202 /)
    expect(own).toContain('\r\nx-app: app\r\nx-both: own\r\n')
    expect(own).toContain('retry: 0\n')
  })

  it('asks `principal` and `expiresAt` for each request, unless the call says it', async () => {
    const hub = createHub()
    const app = new Hono<Env>()
    app.use(sse({ hub, principal: (c) => c.req.header('X-User'), expiresAt: (c) => Number(c.req.header('X-Until')) }))
    app.get('/', (c) => c.var.sse())
    app.get('/own', (c) => c.var.sse(undefined, { principal: 'own' }))
    const { port } = await serve(app)
    const later = `X-Until: ${Date.now() + 60_000}`
    await new RawClient(port).request('GET /', 'X-User: ada', later).until(':\n\n')
    await new RawClient(port).request('GET /', later).until(':\n\n')
    await new RawClient(port).request('GET /own', 'X-User: bob', later).until(':\n\n')
    expect(Array.from(hub.connections, ({ principal }) => principal)).toEqual(['ada', undefined, 'own'])
    const expired = new RawClient(port).request('GET /', 'X-Until: 1')
    await expired.until('0\r\n\r\n')
    expect(hub.stats().closed.expired).toBe(1)
    expect(hub.disconnect({ principal: 'ada' })).toBe(1)
  })

  it('reports what goes wrong after the stream is open, and tells its client nothing', async () => {
    const onError = vi.fn()
    const app = new Hono<Env>().use(sse({ onError }))
    app.get('/', (c) =>
      c.var.sse(async function* () {
        yield 'first'
        throw new Error('secret')
      }),
    )
    const appError = vi.fn()
    app.onError((error, c) => {
      appError(error)
      return c.text('', 500)
    })
    const { url } = await serve(app)
    expect(await (await fetch(url)).text()).toMatch(/data: first\n\n$/)
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'secret' }), { stage: 'source' })
    expect(appError).not.toHaveBeenCalled()
  })
})
