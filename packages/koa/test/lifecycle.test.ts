import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createHub, type SseStream } from '@sse/core'
import { deferred } from '@sse/tooling/deferred'
import { connectionsOf } from '@sse/tooling/listening'
import { RawClient } from '@sse/tooling/raw-client'
import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const ROUNDS = 1_000

describe.each(VERSIONS)('the life of a stream on $name', ({ Koa }) => {
  it('[H17] tells the handler why it has closed, and takes nothing more', async () => {
    const app = new Koa().use(sse())
    const opened = deferred<SseStream>()
    app.use(async (ctx) => opened.resolve(await ctx.sse()))
    const client = new RawClient((await serve(app)).port).request('GET /')
    const stream = await opened.promise
    expect(await stream.send('hello')).toBe(true)
    await client.until('data: hello')
    client.socket.destroy()
    expect(await stream.closed).toBe('client')
    expect(stream.signal.aborted).toBe(true)
    expect(await stream.send('late')).toBe(false)
  })

  it('[H4] is over before it has begun for a client that has gone before', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub }))
    const opened = deferred<SseStream>()
    const source = vi.fn()
    const arrived = deferred()
    app.use(async (ctx) => {
      arrived.resolve()
      await once(ctx.res, 'close')
      opened.resolve(await ctx.sse(source))
    })
    const { port, errors } = await serve(app)
    const client = new RawClient(port).request('GET /')
    await arrived.promise
    client.socket.destroy()
    expect(await (await opened.promise).closed).toBe('client')
    expect(source).not.toHaveBeenCalled()
    expect(errors).toEqual([])
    expect(hub.size).toBe(0)
  })

  it('[H16] a browser asks again when it has ended, and no more when it gets `null`', async () => {
    const app = new Koa().use(sse({ retry: 1 }))
    let requests = 0
    app.use((ctx) => {
      requests++
      if (requests > 1) return ctx.sse(null)
      return ctx.sse(async function* () {
        yield 'all there is'
      })
    })
    const source = new EventSource((await serve(app)).url)
    onTestFinished(() => source.close())
    const received: string[] = []
    source.addEventListener('message', ({ data }) => received.push(data))
    await vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED))
    expect(received).toEqual(['all there is'])
    expect(requests).toBe(2)
  })

  it('ends where its source has said something, and then that there is nothing', async () => {
    const app = new Koa().use(sse())
    app.use((ctx) =>
      ctx.sse(async ({ send }) => {
        await send('first')
        return null
      }),
    )
    const { port, errors } = await serve(app)
    await new RawClient(port).request('GET /').until('data: first\n\n\r\n0\r\n\r\n')
    expect(errors).toEqual([])
  })

  it('[H7] ends with the hub, so that the server can close', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub }))
    app.use((ctx) => ctx.sse(ctx.path === '/hub' ? hub.subscribe('a') : undefined))
    const { port, server, errors } = await serve(app)
    const clients = ['/hub', '/open'].map((path) => new RawClient(port).request(`GET ${path}`, 'Connection: close'))
    await Promise.all(clients.map((client) => client.until('\n\n')))
    const closed = once(server, 'close')
    server.close()
    await hub.close()
    await closed
    for (const client of clients) expect(await client.until('\r\n0\r\n\r\n')).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
    expect(errors).toEqual([])
  })

  it('[S1] waits where its request was pipelined behind another, and then has all that was sent', async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub }))
    app.use((ctx) => ctx.sse(hub.subscribe(ctx.path.slice(1))))
    const client = new RawClient((await serve(app)).port)
    client.request('GET /first').request('GET /second')
    await vi.waitFor(() => expect(hub.size).toBe(2))
    for (let n = 1; n <= 2; n++) {
      await hub.publish('first', { data: `first ${n}` })
      await hub.publish('second', { data: `second ${n}` })
    }
    await client.until('data: first 2')
    expect(client.received).not.toContain('second')
    hub.disconnect(({ topics }) => topics.includes('first'))
    await client.until('data: second 2')
    await hub.publish('second', { data: 'live' })
    await client.until('data: live')
    hub.disconnect(() => true)
    await vi.waitFor(() => expect(client.received.match(/\r\n0\r\n\r\n/g)).toHaveLength(2))
    const data = Array.from(client.received.matchAll(/^data: (.*)$/gm), ([, text]) => text)
    expect(data).toEqual(['first 1', 'first 2', 'second 1', 'second 2', 'live'])
  })

  it(`[H12] leaves no listener on a socket that serves ${ROUNDS} streams, one after the other`, async () => {
    const hub = createHub()
    const app = new Koa().use(sse({ hub }))
    app.use((ctx) =>
      ctx.sse(async function* () {
        yield 'x'
      }),
    )
    const { port, server } = await serve(app)
    const connected = once(server, 'connection')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const stream = async (): Promise<void> => {
      const [response]: IncomingMessage[] = await once(get({ port, agent }), 'response')
      let text = ''
      for await (const chunk of response ?? []) text += chunk
      expect(text).toMatch(/^retry: \d+\n:\n\ndata: x\n\n$/)
    }
    await stream()
    const [socket] = await connected
    const count = (): number[] => socket.eventNames().map((name: string) => socket.listenerCount(name))
    const before = count()
    for (let i = 1; i < ROUNDS; i++) await stream()
    expect(count()).toEqual(before)
    expect(await connectionsOf(server)).toBe(1)
    expect(hub.stats()).toMatchObject({ connections: 0, closed: { complete: ROUNDS } })
  })

  it('[H12] leaves no timer behind, also where its handler is still waited for by others', async () => {
    const app = new Koa()
    const opened = deferred()
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    app.use(async (_ctx, next) => {
      await next()
      opened.resolve()
    })
    app.use(sse({ commitAfter: 60_000 }))
    app.use((ctx) => ctx.sse())
    const { port } = await serve(app)
    const before = timers()
    const client = new RawClient(port).request('GET /')
    await opened.promise
    await client.until(':\n\n')
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
