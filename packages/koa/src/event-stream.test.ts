import { setTimeout as delay } from 'node:timers/promises'
import { createHub, type SseStream } from '@sse/core'
import { RawClient } from '@sse/tooling/raw-client'
import type { ParameterizedContext } from 'koa'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { serve } from '../test/serve.ts'
import { VERSIONS } from '../test/versions.ts'
import { eventStream } from './index.ts'

describe('eventStream', () => {
  it('types: takes contexts of any type', () => {
    const handler = (ctx: ParameterizedContext<{ user: string }, { db: 1 }, { sent: 1 }>): Promise<SseStream> =>
      eventStream(ctx, (stream) => void expectTypeOf(stream).toEqualTypeOf<SseStream>())
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<SseStream>()
  })
})

describe.each(VERSIONS)('eventStream on $name', ({ Koa }) => {
  it('needs no middleware: a subscription brings its hub, and Koa the address', async () => {
    const hub = createHub()
    const app = new Koa({ proxy: true })
    app.use((ctx) => eventStream(ctx, hub.subscribe('a'), { principal: 'ada' }))
    const client = new RawClient((await serve(app)).port).request('GET /', 'X-Forwarded-For: 203.0.113.7')
    await client.until('\n\n')
    expect([...hub.connections]).toMatchObject([{ principal: 'ada', address: '203.0.113.7', topics: ['a'] }])
    await hub.publish('a', { data: 'hello' })
    await client.until('data: hello\n')
  })

  it('makes another source a stream of a hub, where its options name one', async () => {
    const hub = createHub()
    const app = new Koa()
    app.use((ctx) => eventStream(ctx, () => {}, ctx.path === '/hub' ? { hub } : {}))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /none').until(':\n\n')
    expect(hub.size).toBe(0)
    await new RawClient(port).request('GET /hub').until(':\n\n')
    expect(hub.size).toBe(1)
  })

  it('begins after `commitAfter` where the handler goes on with it', async () => {
    const app = new Koa()
    app.use(async (ctx) => {
      const stream = await eventStream(ctx, () => {}, { commitAfter: 10 })
      await stream.send('first')
      await stream.closed
    })
    const { port, errors } = await serve(app)
    const client = new RawClient(port).request('GET /')
    await client.until('data: first')
    client.socket.destroy()
    expect(errors).toEqual([])
  })

  it('begins no earlier than that, and holds no process for it', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const app = new Koa()
    const wasSent: boolean[] = []
    app.use(async (ctx) => {
      const before = timers()
      const stream = await eventStream(ctx, () => {}, { commitAfter: 300 })
      expect(timers()).toBeLessThanOrEqual(before)
      await delay(200)
      wasSent.push(ctx.headerSent)
      stream.close()
    })
    const { port, errors } = await serve(app)
    await new RawClient(port).request('GET /').until('0\r\n\r\n')
    expect(wasSent).toEqual([false])
    expect(errors).toEqual([])
  })

  it('does not begin where its handler has gone on to answer otherwise', async () => {
    const app = new Koa()
    const page = 'x'.repeat(8 * 1024 * 1024)
    app.use(async (ctx) => {
      await eventStream(ctx, () => {}, { commitAfter: 5 })
      if (ctx.path === '/body') ctx.body = page
      else {
        ctx.respond = false
        ctx.res.end(page)
      }
      await delay(30)
    })
    const { url, errors } = await serve(app)
    for (const path of ['/body', '/end']) expect(await (await fetch(url + path)).text()).toBe(page)
    expect(errors).toEqual([])
  })
})
