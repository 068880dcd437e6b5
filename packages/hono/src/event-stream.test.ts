import { connect as connectHttp2, constants, createServer as createHttp2 } from 'node:http2'
import { serve as serveOnNode } from '@hono/node-server'
import { createHub, type SseStream, type StreamOptions } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import { Hono } from 'hono'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { PLATFORMS } from '../test/platforms.ts'
import { serve } from '../test/serve.ts'
import { eventStream, type Source } from './index.ts'

describe.each(PLATFORMS)('eventStream, in $name', ({ eventStream }) => {
  it('needs no middleware: a subscription brings its hub, and Node the address', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a'), { principal: 'ada' }))
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('\n\n')
    expect([...hub.connections]).toMatchObject([{ principal: 'ada', topics: ['a'] }])
    await hub.publish('a', { data: 'hello' })
    await client.until('data: hello\n')
  })

  it('makes another source a stream of a hub, where its options name one', async () => {
    const hub = createHub()
    const app = new Hono()
    app.get('/hub', (c) => eventStream(c, () => {}, { hub }))
    app.get('/none', (c) => eventStream(c, () => {}))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /none').until(':\n\n')
    expect(hub.size).toBe(0)
    await new RawClient(port).request('GET /hub').until(':\n\n')
    expect(hub.size).toBe(1)
  })

  it('serves an application that is called without a server', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a')))
    const response = await app.request('/')
    expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    const reading = readEvents(response)
    await hub.publish('a', { data: 'hello' })
    expect((await reading.next()).value).toMatchObject({ data: 'hello' })
    await reading.return()
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it('ends with the signal of its request, and answers nothing to one that was aborted before', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a')))
    const client = new AbortController()
    const response = await app.request('/', { signal: client.signal })
    expect(hub.size).toBe(1)
    client.abort()
    expect(hub.size).toBe(0)
    await expect(response.text()).rejects.toMatchObject({ name: 'AbortError' })
    expect((await app.request('/', { signal: client.signal })).status).toBe(499)
  })

  it('answers HEAD without starting anything, and `null` with 204', async () => {
    const source = vi.fn()
    const app = new Hono().get('/', (c) => eventStream(c, source)).get('/null', (c) => eventStream(c, null))
    const head = await app.request('/', { method: 'HEAD' })
    expect(head.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(head.body).toBeNull()
    expect(source).not.toHaveBeenCalled()
    const none = await app.request('/null')
    expect(none.status).toBe(204)
    expect(none.headers.get('Content-Type')).toBeNull()
  })

  it('refuses as the hub says, with text where the client is an `EventSource`', async () => {
    const hub = createHub({ limits: { connections: 0 } })
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a')))
    const refused = await app.request('/')
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(5)
    const later = await app.request('/', { headers: { Accept: 'text/event-stream' } })
    expect(later.status).toBe(200)
    expect(later.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(await later.text()).toMatch(/^retry: \d{4,5}\n\n$/)
  })

  it('goes through applications that are mounted, routed and behind a base path', async () => {
    const hub = createHub()
    const inner = new Hono().get('/prices', (c) => eventStream(c, hub.subscribe('a')))
    const app = new Hono().basePath('/api')
    app.route('/routed', inner)
    app.mount('/mounted', inner.fetch)
    const { port } = await serve(app)
    for (const path of ['/api/routed/prices', '/api/mounted/prices']) {
      const client = new RawClient(port).request(`GET ${path}`)
      await client.until('\n\n')
      await hub.publish('a', { data: path })
      await client.until(`data: ${path}`)
      client.socket.destroy()
      await vi.waitFor(() => expect(hub.size).toBe(0))
    }
  })

  it('takes a status that no stream can have for an ordinary error', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a'), { status: 204 }))
    const errors: string[] = []
    app.onError((error, c) => {
      errors.push(error.message)
      return c.text('', 500)
    })
    expect((await app.request('/')).status).toBe(500)
    expect(errors).toEqual([expect.stringContaining('`status`')])
    expect(hub.size).toBe(0)
  })

  it('[H2] streams over HTTP/2, where an idle source ends with its client', async () => {
    const hub = createHub()
    const ended = deferred()
    const app = new Hono()
    app.get('/hub', (c) => eventStream(c, hub.subscribe('a')))
    app.get('/idle', (c) =>
      eventStream(c, async function* ({ signal }: SseStream) {
        yield 'first'
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        ended.resolve()
      }),
    )
    const url = await serveHttp2(app)
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const one = session.request({ ':path': '/hub' }).setEncoding('utf8')
    const response = deferred<Record<string, unknown>>()
    one.on('response', (headers) => response.resolve(headers))
    let text = ''
    one.on('data', (data: string) => {
      text += data
    })
    const headers = await response.promise
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
    expect(headers).not.toHaveProperty('transfer-encoding')
    await vi.waitFor(() => expect(text).toContain('\n\n'))
    await hub.publish('a', { data: 'over HTTP/2' })
    await vi.waitFor(() => expect(text).toContain('data: over HTTP/2\n'))
    one.close(constants.NGHTTP2_CANCEL)
    await vi.waitFor(() => expect(hub.size).toBe(0))
    const idle = session.request({ ':path': '/idle' }).resume()
    await new Promise((resolve) => idle.once('response', resolve))
    idle.close(constants.NGHTTP2_CANCEL)
    await ended.promise
  })
})

describe('eventStream, in the file for Node', () => {
  const { eventStream } = PLATFORMS[0] as (typeof PLATFORMS)[0]

  it('[H2] writes past the body over HTTP/2, and knows at once of a client that has gone while bytes wait', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a')))
    const session = connectHttp2(await serveHttp2(app))
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' }).pause()
    await new Promise((resolve) => stream.once('response', resolve))
    while (hub.stats().lagging === 0) {
      await hub.publish('a', { data: 'x'.repeat(16 * 1024) })
      await new Promise(setImmediate)
    }
    // More than a body holds.
    expect(hub.connections[Symbol.iterator]().next().value?.bufferedBytes).toBeGreaterThan(32 * 1024)
    stream.close(constants.NGHTTP2_NO_ERROR)
    await vi.waitFor(() => expect(hub.size).toBe(0))
    expect(hub.stats().closed.client).toBe(1)
  })

  it('takes the peer of the socket for the address, also over HTTP/2, unless the application knows better', async () => {
    const hub = createHub()
    const app = new Hono()
    app.get('/', (c) => eventStream(c, hub.subscribe('a')))
    app.get('/own', (c) => eventStream(c, hub.subscribe('a'), { address: '203.0.113.7' }))
    const { port } = await serve(app)
    for (const path of ['/', '/own']) await new RawClient(port).request(`GET ${path}`).until('\n\n')
    const session = connectHttp2(await serveHttp2(app))
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' })
    await new Promise((resolve) => stream.once('response', resolve))
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual(['127.0.0.1', '203.0.113.7', '127.0.0.1'])
  })
})

describe('eventStream, with what Bun and Deno tell', () => {
  it('takes the address that the platform tells, unless the application knows better', async () => {
    const hub = createHub()
    const app = new Hono()
    app.get('/', (c) => eventStream(c, hub.subscribe('a')))
    app.get('/own', (c) => eventStream(c, hub.subscribe('a'), { address: 'own' }))
    const bun = { pendingRequests: 1, timeout: vi.fn(), requestIP: vi.fn(() => ({ address: 'bun' })) }
    await app.request('/', {}, bun)
    await app.request('/', {}, { server: { ...bun, requestIP: () => null } })
    await app.request('/', {}, { remoteAddr: { transport: 'tcp', hostname: 'deno' } })
    await app.request('/own', {}, { remoteAddr: { hostname: 'deno' } })
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual(['bun', undefined, 'deno', 'own'])
    expect(bun.timeout.mock.calls.map(([, seconds]) => seconds)).toEqual([0, 0])
  })

  it('[F3] takes no binding of Workers for a server, whatever its name, and whatever it can be called with', async () => {
    const hub = createHub()
    const app = new Hono().get('/', (c) => eventStream(c, hub.subscribe('a')))
    const called = vi.fn()
    // As the stub of another Worker, which has every method that it is asked for.
    const method: object = new Proxy(called, { get: (_, name) => (name === 'then' ? undefined : method) })
    const stub = new Proxy({}, { get: () => method, has: () => true })
    for (const env of [
      { server: stub },
      { timeout: method, requestIP: method },
      { remoteAddr: stub },
      { server: 'text' },
    ]) {
      expect((await app.request('/', {}, env)).status).toBe(200)
    }
    expect(called).not.toHaveBeenCalled()
    expect(Array.from(hub.connections, ({ address }) => address)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('types: takes contexts of any environment, and gives the promise of a response', () => {
    interface Env {
      Bindings: { DATABASE: string }
      Variables: { user: string }
    }
    new Hono<Env>().get('/:id', (c) => eventStream(c, (stream) => void expectTypeOf(stream).toEqualTypeOf<SseStream>()))
    expectTypeOf(eventStream).returns.resolves.toEqualTypeOf<Response>()
    expectTypeOf(eventStream).parameter(1).toEqualTypeOf<Source>()
    expectTypeOf(eventStream).parameter(2).toEqualTypeOf<StreamOptions | undefined>()
  })
})

async function serveHttp2(app: Hono): Promise<string> {
  const listening = deferred<number>()
  const server = serveOnNode(
    { fetch: app.fetch, createServer: createHttp2, hostname: '127.0.0.1', port: 0 },
    ({ port }) => listening.resolve(port),
  )
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${await listening.promise}`
}
