import { once } from 'node:events'
import { connect } from 'node:http2'
import fastifyCompress from '@fastify/compress'
import fastifyCookie from '@fastify/cookie'
import { Controller, Res, UseInterceptors } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { createHub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import compression from 'compression'
import { of } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { Sse, SseModule } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

const [EXPRESS, FASTIFY] = PLATFORMS as readonly [(typeof PLATFORMS)[number], (typeof PLATFORMS)[number]]

interface Events {
  message: string
}

const hub = createHub<Events>()

@Controller()
class Streaming {
  @Sse('hub')
  hub() {
    return hub.subscribe('a')
  }

  @Sse('generator')
  async *generator() {
    yield 'one'
    yield 'two'
  }

  @Sse('none')
  none() {
    return null
  }

  @Sse('cookie')
  cookie(@Res({ passthrough: true }) reply: { setCookie(name: string, value: string): void }) {
    reply.setCookie('handler', '1')
    return of('one')
  }
}

describe('on Express', () => {
  it('[F5] streams through `compression`, event by event', async () => {
    const { url } = await serve(EXPRESS, { controllers: [Streaming] }, (app) => app.use(compression({ threshold: 0 })))
    expect(await readEvents(`${url}/generator`)).toMatchObject([{ data: 'one' }, { data: 'two' }])
  })
})

describe('on Fastify', () => {
  it('[F5] streams to the raw response that Fastify sends: its plugins and hooks have their say', async () => {
    const onSend = vi.fn()
    const { client } = await serve(FASTIFY, { controllers: [Streaming] }, async (app) => {
      app.enableCors({ origin: 'https://example.org' })
      const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance()
      await fastify.register(fastifyCookie as never)
      fastify.addHook('onSend', async (_request, reply, payload) => {
        onSend()
        reply.header('X-Sent', 'yes')
        return payload
      })
    })
    const received = await client().request('GET /cookie').until('0\r\n\r\n')
    expect(received).toMatch(/\r\naccess-control-allow-origin: https:\/\/example.org\r\n/)
    expect(received).toMatch(/\r\nset-cookie: handler=1; SameSite=Lax\r\n/i)
    expect(received).toMatch(/\r\nx-sent: yes\r\n/)
    expect(received).toContain('data: one\n')
    expect(onSend).toHaveBeenCalledOnce()
  })

  it('is left alone by `@fastify/compress`: events come one by one', async () => {
    const { url } = await serve(FASTIFY, { controllers: [Streaming] }, async (app) => {
      await (app as NestFastifyApplication).register(fastifyCompress as never, { threshold: 0 })
    })
    const reading = readEvents(`${url}/hub`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect((await reading.response).headers.get('content-encoding')).toBeNull()
    await hub.publish('a', { data: 'one' })
    expect((await reading.next()).value).toMatchObject({ data: 'one' })
    await hub.publish('a', { data: 'two' })
    expect((await reading.next()).value).toMatchObject({ data: 'two' })
    await reading.return()
  })

  it('is told of clients that go, and serves the next request on the same connection', async () => {
    const { client } = await serve(FASTIFY, { controllers: [Streaming] })
    const one = client().request('GET /generator')
    await one.until('0\r\n\r\n')
    one.received = ''
    one.request('GET /none')
    expect(await one.until('\r\n\r\n')).toContain(' 204 ')
    one.received = ''
    one.request('HEAD /generator')
    const head = await one.until('\r\n\r\n')
    expect(head).toContain(' 200 ')
    expect(head).toContain('content-type: text/event-stream; charset=utf-8')
    expect(head).not.toMatch(/content-length/i)
  })

  it('works where requests are injected', async () => {
    const { app } = await serve(FASTIFY, { controllers: [Streaming] })
    const { statusCode, body } = await (app as NestFastifyApplication).inject('/generator')
    expect(statusCode).toBe(200)
    expect(body).toContain('data: one\n\ndata: two\n\n')
  })

  it('says where clients are as Fastify does, behind a proxy that is trusted', async () => {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify')
    const own = createHub<Events>()
    const trusting = { name: 'Fastify', adapter: () => new FastifyAdapter({ trustProxy: true }) }
    const { client } = await serve(trusting, { imports: [SseModule.forRoot({ hub: own })], controllers: [Streaming] })
    const reader = client().request('GET /none')
    await reader.until(' 204 ')
    @Controller()
    class Own {
      @UseInterceptors()
      @Sse('own')
      own() {
        return own.subscribe('a')
      }
    }
    const other = await serve(trusting, { controllers: [Own] })
    await other.client().request('GET /own', 'X-Forwarded-For: 203.0.113.7').until('id: ')
    expect(Array.from(own.connections, ({ address }) => address)).toEqual(['203.0.113.7'])
  })

  it('speaks HTTP/2', async () => {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify')
    const own = createHub<Events>()
    @Controller()
    class Own {
      @Sse('own')
      own() {
        return own.subscribe('a', { replay: 'all' })
      }
    }
    const speaking = { name: 'Fastify', adapter: () => new FastifyAdapter({ http2: true } as never) }
    const { app } = await serve(speaking, { controllers: [Own] })
    const session = connect(await app.getUrl())
    const stream = session.request({ ':path': '/own' })
    const [headers] = await once(stream, 'response')
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
    expect(headers).not.toHaveProperty('connection')
    await own.publish('a', { data: 'one' })
    let received = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      received += chunk
      if (received.includes('data: one\n')) break
    }
    stream.destroy()
    await vi.waitFor(() => expect(own.size).toBe(0))
    session.destroy()
  })

  it('gives way to a handler timeout, and leaves nothing behind', async () => {
    const own = createHub<Events>()
    const { FastifyAdapter } = await import('@nestjs/platform-fastify')
    const hasty = { name: 'Fastify', adapter: () => new FastifyAdapter({ handlerTimeout: 50 } as never) }
    let release: () => void = () => {}
    @Controller()
    class Slow {
      @Sse('slow')
      async slow() {
        await new Promise<void>((resolve) => (release = resolve))
        return own.subscribe('a')
      }

      @Sse('own')
      own() {
        return own.subscribe('a')
      }
    }
    const { url, client } = await serve(hasty, { controllers: [Slow] })
    const timedOut = await fetch(`${url}/slow`)
    expect(timedOut.status).toBeGreaterThanOrEqual(500)
    release()
    // A stream that has opened is no handler that takes too long.
    const reader = client().request('GET /own')
    await reader.until('id: ')
    await new Promise((resolve) => setTimeout(resolve, 120))
    await own.publish('a', { data: 'still there' })
    await reader.until('data: still there\n')
    expect(own.size).toBe(1)
  })
})
