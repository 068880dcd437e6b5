import { Controller, Inject, Injectable, Module, Post } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { createHub, type Hub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import type { Request } from 'express'
import { NEVER, of } from 'rxjs'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Sse, SseHub, SseModule, type SseModuleOptions, type SseOptionsFactory, type SseRequest } from '../src/index.ts'
import { PLATFORMS, type Platform } from './platforms.ts'
import { serve } from './serve.ts'

interface Events {
  price: { n: number }
  message: string
}

@Controller()
class Prices {
  readonly hub: SseHub<Events>
  constructor(hub: SseHub<Events>) {
    this.hub = hub
  }

  @Sse('prices')
  prices() {
    return this.hub.subscribe('stocks/*')
  }

  @Post('prices')
  publish() {
    return this.hub.publish('stocks/AAPL', { event: 'price', data: { n: 7 } })
  }

  @Sse('idle')
  idle() {
    return NEVER
  }
}

@Injectable()
class Settings implements SseOptionsFactory {
  createSseOptions(): SseModuleOptions {
    return { retry: 77 }
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

const [EXPRESS] = PLATFORMS as readonly [Platform]

describe.each(PLATFORMS)('SseModule on $name', (platform) => {
  it('makes a hub, to be injected anywhere', async () => {
    const { app, url } = await serve(platform, { imports: [SseModule.forRoot()], controllers: [Prices] })
    const reading = readEvents(`${url}/prices`)
    await reading.response
    const { status } = await fetch(`${url}/prices`, { method: 'POST' })
    expect(status).toBe(201)
    expect((await reading.next()).value).toMatchObject({ event: 'price', data: '{"n":7}' })
    expect(app.get(SseHub).size).toBe(1)
    await reading.return()
  })

  it('completes the options of routes, header by header', async () => {
    @Controller()
    class Routes {
      @Sse('defaults')
      defaults() {
        return of('a')
      }

      @Sse('own', { retry: 5, headers: { 'X-Both': 'own' } })
      own() {
        return of('a')
      }
    }
    const { client } = await serve(platform, {
      imports: [SseModule.forRoot({ retry: 9, headers: { 'X-App': 'app', 'X-Both': 'app' } })],
      controllers: [Routes],
    })
    const defaults = await client().request('GET /defaults').until('0\r\n\r\n')
    expect(defaults).toContain('retry: 9\n')
    expect(defaults).toMatch(/\r\nx-app: app\r\n/i)
    const own = await client().request('GET /own').until('0\r\n\r\n')
    expect(own).toContain('retry: 5\n')
    expect(own).toMatch(/\r\nx-app: app\r\n/i)
    expect(own).toMatch(/\r\nx-both: own\r\n/i)
    expect(own).not.toMatch(/x-both: app/i)
  })

  it('makes every stream one of its hub: who it is, and from where', async () => {
    @Controller()
    class Routes {
      @Sse('module')
      module() {
        return NEVER
      }

      @Sse('route', { principal: () => 'of the route' })
      route() {
        return NEVER
      }
    }
    const { app, client } = await serve(platform, {
      imports: [
        SseModule.forRoot({
          limits: { perPrincipal: 1 },
          principal: ({ headers }) => headers['x-user']?.toString(),
        }),
      ],
      controllers: [Routes],
    })
    await client().request('GET /module', 'X-User: ada').until(':\n\n')
    await client().request('GET /route').until(':\n\n')
    expect(await client().request('GET /module', 'X-User: ada').until('\r\n\r\n')).toContain(' 429 ')
    const hub = app.get(SseHub)
    expect(Array.from(hub.connections, ({ principal, address }) => ({ principal, address }))).toEqual([
      { principal: 'ada', address: '127.0.0.1' },
      { principal: 'of the route', address: '127.0.0.1' },
    ])
    expect(hub.disconnect({ principal: 'ada' })).toBe(1)
  })

  it('takes a hub of the application', async () => {
    const hub = createHub<Events>()
    const { app, client } = await serve(platform, { imports: [SseModule.forRoot({ hub })], controllers: [Prices] })
    expect(app.get(SseHub)).toBe(hub)
    await client().request('GET /idle').until(':\n\n')
    expect(hub.size).toBe(1)
  })

  it('is not needed: streams have defaults', async () => {
    @Controller()
    class Alone {
      @Sse('hub')
      hub() {
        return createHub().subscribe('a')
      }
    }
    const { client } = await serve(platform, { controllers: [Alone] })
    const received = await client().request('GET /hub').until('id: ')
    expect(Number(/retry: (\d+)/.exec(received)?.[1])).toBeGreaterThanOrEqual(2_000)
  })

  it.each([
    ['useFactory', SseModule.forRootAsync({ useFactory: async () => ({ retry: 77 }) })],
    [
      'useFactory, with what it injects',
      SseModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: (settings: Settings) => settings.createSseOptions(),
      }),
    ],
    ['useClass', SseModule.forRootAsync({ useClass: Settings })],
    ['useExisting', SseModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings })],
  ])('takes its options from %s', async (_name, module) => {
    const { client } = await serve(platform, { imports: [module], controllers: [Prices] })
    await client().request('GET /idle').until('retry: 77\n')
  })
})

describe('SseModule', () => {
  it.each([
    ['retry', { retry: -1 }],
    ['drain', { drain: -1 }],
    ['ring.maxEvents', { ring: { maxEvents: 0 } }],
    ['heartbeat', { hub: createHub(), heartbeat: 1_000 }],
  ])('refuses a bad `%s` as the application is made', async (name, options) => {
    const compiling = Test.createTestingModule({ imports: [SseModule.forRoot(options)] }).compile()
    await expect(compiling).rejects.toMatchObject({
      code: 'SSE_INVALID_FIELD',
      message: expect.stringContaining(`\`${name}\``),
    })
  })

  it('refuses to be given no options at all, where they come later', () => {
    expect(() => SseModule.forRootAsync({})).toThrow('useFactory')
  })

  it('makes one hub for each application', async () => {
    const module = SseModule.forRoot()
    const [one, other] = await Promise.all([
      serve(EXPRESS, { imports: [module] }),
      serve(EXPRESS, { imports: [module] }),
    ])
    expect(one.app.get(SseHub)).not.toBe(other.app.get(SseHub))
  })

  it('types: an injected hub has its events, and options know the platform where they name it', () => {
    expectTypeOf<SseHub<Events>>().toExtend<Hub<Events>>()
    expectTypeOf<SseHub['publish']>().toBeFunction()
    const use = (hub: SseHub<Events>): void => {
      void hub.publish('a', { event: 'price', data: { n: 1 } })
      // @ts-expect-error no such event
      void hub.publish('a', { event: 'prize', data: 1 })
      SseModule.forRoot({
        principal: (request) => {
          expectTypeOf(request).toEqualTypeOf<SseRequest>()
          return request.ip
        },
      })
      SseModule.forRoot({ principal: (request: Request) => request.get('X-User') })
      SseModule.forRoot({ hub: createHub<Events>() })
      Sse('path', { principal: (request: Request) => request.get('X-User') })
    }
    expectTypeOf(use).toBeFunction()
  })

  it('injects the same hub by its class and into what is made by hand', async () => {
    const seen = vi.fn()
    class ByHand {
      constructor(hub: SseHub) {
        seen(hub)
      }
    }
    Inject(SseHub)(ByHand, undefined, 0)
    const { app } = await serve(EXPRESS, { imports: [SseModule.forRoot()], providers: [ByHand] })
    expect(seen).toHaveBeenCalledExactlyOnceWith(app.get(SseHub))
  })
})
