import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer as createHttp2Server,
} from 'node:http2'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { createHub, type Hub } from '@sse/core'
import { RawClient } from '@sse/tooling/raw-client'
import type Koa from 'koa'
import compress from 'koa-compress'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { errorsOf, serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const MIB = 1024 * 1024

/** How clients go. */
const LEAVING: readonly (readonly [string, (client: RawClient) => unknown])[] = [
  ['closes its connection', ({ socket }) => socket.destroy()],
  ['resets its connection', ({ socket }) => socket.resetAndDestroy()],
]

const CASES = VERSIONS.flatMap((version) => LEAVING.map(([way, leave]) => ({ ...version, way, leave })))

describe.each(CASES)('[F2] a client that $way is no error of the application, on $name', ({ Koa, leave }) => {
  it('while it is idle', async () => {
    const { hub, client, errors } = await start()
    await client.until('\n\n')
    leave(client)
    await isGone(hub)
    expect(errors).toEqual([])
  })

  it('in mid-flood, which it does not read', async () => {
    const { hub, client, errors } = await start()
    await client.until('\n\n')
    client.socket.pause()
    await flood(hub)
    leave(client)
    await isGone(hub)
    expect(errors).toEqual([])
  })

  it('in mid-flood, compressed', async () => {
    const { hub, client, errors } = await start({ compressed: true })
    await client.until('\r\n\r\n')
    client.socket.pause()
    await flood(hub)
    leave(client)
    await isGone(hub)
    expect(errors).toEqual([])
  })

  it('in mid-flood, which it reads', async () => {
    const { hub, client, errors } = await start()
    await client.until('\n\n')
    for (let n = 0; hub.size > 0; n++) {
      await hub.publish('a', { data: 'x'.repeat(10_000) })
      if (n % 10 === 0) await nextTurn()
      if (n === 100) leave(client)
    }
    await isGone(hub)
    expect(errors).toEqual([])
  })

  it('before its stream is open', async () => {
    const { hub, client, errors } = await start({ opensAfter: 30 })
    await vi.waitFor(() => expect(hub.size).toBe(1))
    leave(client)
    await isGone(hub)
    // Until the source would have been there.
    await delay(40)
    expect(errors).toEqual([])
  })

  it('while its handler sends', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub, commitAfter: 5 }))
    app.use(async (ctx) => {
      const stream = await ctx.sse()
      while (await stream.send('x'.repeat(10_000))) await nextTurn()
    })
    const { port, errors } = await serve(app)
    const client = new RawClient(port).request('GET /')
    await client.until('x'.repeat(1_000))
    leave(client)
    await isGone(hub)
    expect(errors).toEqual([])
  })

  async function start(
    options: { readonly compressed?: boolean; readonly opensAfter?: number } = {},
  ): Promise<{ readonly hub: Hub; readonly client: RawClient; readonly errors: readonly unknown[] }> {
    const hub = createHub({ ring: { maxEvents: 100_000, maxBytes: 64 * MIB } })
    const app = new Koa()
    if (options.compressed) app.use(compress())
    app.use(sse({ hub, headers: options.compressed ? { 'Cache-Control': 'no-cache' } : {} }))
    app.use((ctx) => {
      const source = hub.subscribe('a')
      return ctx.sse(options.opensAfter === undefined ? source : () => delay(options.opensAfter, source))
    })
    const { port, errors } = await serve(app)
    return { hub, client: new RawClient(port).request('GET /', 'Accept-Encoding: gzip'), errors }
  }
})

describe.each(VERSIONS)('streams over HTTP/2 on $name', ({ Koa }) => {
  it('[H2] are served, with what outer middleware sets', async () => {
    const hub = createHub()
    const { stream, errors } = await start(hub)
    const [headers] = await once(stream, 'response')
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-after': '1',
    })
    for (const name of ['connection', 'transfer-encoding', 'content-length']) expect(headers).not.toHaveProperty(name)
    let received = ''
    stream.setEncoding('utf8').on('data', (text: string) => (received += text))
    for (let n = 0; n < 5; n++) {
      await hub.publish('a', { data: `event ${n}` })
      await vi.waitFor(() => expect(received).toContain(`data: event ${n}\n`))
    }
    hub.disconnect(() => true)
    await once(stream, 'end')
    expect(received.match(/event \d/g)).toHaveLength(5)
    expect(errors).toEqual([])
  })

  it.each<readonly [string, (client: { session: ClientHttp2Session; stream: ClientHttp2Stream }) => void]>([
    ['cancels', ({ stream }) => stream.close(constants.NGHTTP2_CANCEL)],
    ['loses its session', ({ session }) => session.destroy()],
  ])('[F2] of a client that %s are closed, and nobody is told', async (_way, leave) => {
    for (const flooded of [false, true]) {
      const hub = createHub({ ring: { maxEvents: 100_000, maxBytes: 64 * MIB } })
      const { session, stream, errors } = await start(hub)
      await once(stream, 'data')
      if (flooded) {
        stream.pause()
        await flood(hub)
      }
      leave({ session, stream })
      await isGone(hub)
      expect(errors).toEqual([])
    }
  })

  it.each([
    ['/null', 204],
    ['/full', 503],
    ['/throws', 500],
  ])('are answered otherwise: %s with %i', async (path, status) => {
    const { stream, errors } = await start(createHub({ limits: { connections: 0 } }), path)
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(status)
    expect(errors).toHaveLength(path === '/throws' ? 1 : 0)
  })

  async function start(hub: Hub, path: string = '/') {
    const app: Koa = new Koa()
    app.use(async (ctx, next) => {
      await next()
      ctx.set('X-After', '1')
    })
    app.use(sse())
    app.use((ctx) => {
      if (ctx.path === '/null') return ctx.sse(null)
      if (ctx.path === '/throws') return ctx.sse(() => Promise.reject(new Error('no')))
      return ctx.sse(hub.subscribe('a'))
    })
    const errors = errorsOf(app)
    const server = createHttp2Server(app.callback())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The server has no port')
    const session = connect(`http://127.0.0.1:${address.port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    return { session, stream, errors }
  }
})

/** Publishes until the one client takes no more. */
async function flood(hub: Hub): Promise<void> {
  for (let n = 0; hub.stats().lagging === 0; n++) {
    await hub.publish('a', { data: Array.from({ length: 2_000 }, () => Math.random().toString(36).slice(2)).join('') })
    if (n > 3_000) throw new Error('The client takes everything')
  }
}

/** Resolves when the last stream has closed, and all who could be told of it have been. */
async function isGone(hub: Hub): Promise<void> {
  await vi.waitFor(() => expect(hub.size).toBe(0))
  for (let n = 0; n < 5; n++) await nextTurn()
}
