import { Controller, type ModuleMetadata, RequestMethod } from '@nestjs/common'
import { createHub } from '@sse/core'
import { deferred } from '@sse/tooling/deferred'
import { NEVER } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { Sse, SseHub, SseModule } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

describe.each(PLATFORMS)('the shutdown of an application on $name', (platform) => {
  const other = () => createHub<{ message: string }>()

  function controllers(hub = other()): ModuleMetadata {
    @Controller()
    class Endless {
      @Sse('observable')
      observable() {
        return NEVER
      }

      @Sse('generator')
      async *generator() {
        yield 'first'
        await new Promise(() => {})
      }

      @Sse('function', { method: RequestMethod.POST })
      function() {
        return () => {}
      }

      @Sse('other')
      other() {
        return hub.subscribe('a')
      }

      @Sse('flood')
      async *flood() {
        for (;;) yield 'x'.repeat(100_000)
      }
    }
    return { controllers: [Endless] }
  }

  it.each([
    ['with the module', [SseModule.forRoot()]],
    ['without it', []],
  ])('[H7] ends all streams, and does not hang: %s', async (_name, imports) => {
    const { app, client } = await serve(platform, { imports, ...controllers() })
    const lines = ['GET /observable', 'GET /generator', 'GET /other', 'POST /function']
    const clients = lines.map((line) => client().request(line))
    await Promise.all(clients.map((one) => one.until('\n\n')))
    const began = performance.now()
    await app.close()
    expect(performance.now() - began).toBeLessThan(900)
    await Promise.all(clients.map((one) => one.until('0\r\n\r\n')))
  })

  it('tells those of its hub when to come back, spread over `drain`', async () => {
    const { app, client } = await serve(platform, {
      imports: [SseModule.forRoot({ drain: 200, retry: { min: 60, max: 69 } })],
      ...controllers(),
    })
    const clients = Array.from({ length: 4 }, () => client().request('GET /observable'))
    await Promise.all(clients.map((one) => one.until(':\n\n')))
    const began = performance.now()
    await app.close()
    expect(performance.now() - began).toBeGreaterThan(150)
    for (const one of clients) expect((await one.until('0\r\n\r\n')).match(/retry: \d+\n/g)).toHaveLength(2)
  })

  it('cuts who takes nothing', async () => {
    const { app, client } = await serve(platform, controllers())
    const stalled = client({ reads: false }).request('GET /flood')
    const ended = new Promise((resolve) => stalled.socket.once('close', resolve))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const began = performance.now()
    await app.close()
    expect(performance.now() - began).toBeLessThan(5_000)
    stalled.socket.resume()
    await ended
  })

  it('lets a client take the rest that is behind', async () => {
    const { app, client } = await serve(platform, controllers())
    const behind = client({ reads: false }).request('GET /flood')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const closing = app.close()
    behind.socket.resume()
    await behind.until('0\r\n\r\n')
    await closing
  })

  it('ends also what opens meanwhile', async () => {
    const hub = other()
    const gate = deferred()
    const asked = deferred()
    @Controller()
    class Slow {
      @Sse('slow')
      async slow() {
        asked.resolve()
        await gate.promise
        return hub.subscribe('a')
      }
    }
    const { app, client } = await serve(platform, { controllers: [Slow] })
    const late = client().request('GET /slow')
    await asked.promise
    const closing = app.close()
    await new Promise((resolve) => setImmediate(resolve))
    gate.resolve()
    await late.until('0\r\n\r\n')
    await closing
  })

  it('closes the hub that the module has made, and leaves alone one that it was given', async () => {
    const given = other()
    const own = await serve(platform, { imports: [SseModule.forRoot()] })
    const withGiven = await serve(platform, { imports: [SseModule.forRoot({ hub: given })], ...controllers(given) })
    const streaming = withGiven.client().request('GET /other')
    await streaming.until('\n\n')
    const hub: SseHub = own.app.get(SseHub)
    await Promise.all([own.app.close(), withGiven.app.close()])
    expect(() => hub.publish('a', { event: 'message', data: 1 })).toThrow(
      expect.objectContaining({ code: 'SSE_CLOSED' }),
    )
    await streaming.until('0\r\n\r\n')
    await expect(given.publish('a', { data: 'still there' })).resolves.toBeTypeOf('string')
  })

  it('lets the application publish until the streams have ended', async () => {
    const said = vi.fn()
    class Saying {
      readonly hub: SseHub
      constructor(hub: SseHub) {
        this.hub = hub
      }
      async onModuleDestroy(): Promise<void> {
        said(await this.hub.publish('a', { data: 'goodbye' }))
      }
    }
    const { app } = await serve(platform, {
      imports: [SseModule.forRoot()],
      providers: [{ provide: Saying, useFactory: (hub: SseHub) => new Saying(hub), inject: [SseHub] }],
    })
    await app.close()
    expect(said).toHaveBeenCalledExactlyOnceWith(expect.any(String))
  })
})
