import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Scope,
  type Type,
  UseInterceptors,
} from '@nestjs/common'
import { APP_INTERCEPTOR, ApplicationConfig } from '@nestjs/core'
import { createHub, type HubEvent, type Source, type SseStream } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { concatMap, delay, filter, map, mergeMap, Observable, of, Subject, startWith, take, tap } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { Sse, SseModule } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

type Operator = (events: Observable<unknown>) => Observable<unknown>

/** An interceptor that does something with what comes. */
function intercepting(operator: Operator): NestInterceptor {
  return { intercept: (_context: ExecutionContext, next: CallHandler) => operator(next.handle()) }
}

interface Wrapped {
  readonly event?: string
  readonly data?: unknown
}

/** Wraps the data of each event, as applications do with all that they answer. */
const wrapping = intercepting(map((event) => ({ ...(event as Wrapped), data: { wrapped: (event as Wrapped).data } })))

function controllerOf(source: () => unknown, ...interceptors: (NestInterceptor | Type<NestInterceptor>)[]): Type {
  @Controller()
  class Streaming {
    @UseInterceptors(...interceptors)
    @Sse('events')
    events(): unknown {
      return source()
    }

    @Get('plain')
    plain(): string {
      return 'plain'
    }
  }
  return Streaming
}

const SOURCES: readonly (readonly [string, () => Source | Promise<Source>])[] = [
  [
    'an async generator',
    async function* () {
      yield { data: 1 }
      yield { data: 2 }
    },
  ],
  ['an Observable', () => of({ data: 1 }, { data: 2 }) as unknown as Source],
  ['a promise of an Observable', async () => of({ data: 1 }, { data: 2 }) as unknown as Source],
  [
    'a ReadableStream',
    () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue({ data: 1 })
          controller.enqueue({ data: 2 })
          controller.close()
        },
      }),
  ],
  [
    'another observable',
    () => ({
      subscribe(observer) {
        observer.next({ data: 1 })
        observer.next({ data: 2 })
        observer.complete()
        return () => {}
      },
    }),
  ],
  [
    'a function that sends',
    () => async (stream) => {
      await stream.send({ data: 1 })
      await stream.send({ data: 2 })
    },
  ],
  [
    'a function that gives a source',
    () => async (stream) => {
      await stream.send({ data: 1 })
      return (async function* () {
        yield { data: 2 }
      })()
    },
  ],
]

describe.each(PLATFORMS)('interceptors on $name', (platform) => {
  describe.each(SOURCES)('of %s', (_name, source) => {
    it('[F4] see each event, and what they make of it is sent', async () => {
      const { url } = await serve(platform, { controllers: [controllerOf(source, wrapping)] })
      expect(await readEvents(`${url}/events`)).toMatchObject([{ data: '{"wrapped":1}' }, { data: '{"wrapped":2}' }])
    })
  })

  it('leave what they do not change', async () => {
    const seen = vi.fn()
    const { url } = await serve(platform, {
      controllers: [controllerOf(() => of({ type: 'tick', data: 'a', id: '7', retry: 9 }), intercepting(tap(seen)))],
    })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ event: 'tick', data: 'a', id: '7' }])
    expect(seen).toHaveBeenCalledExactlyOnceWith({ type: 'tick', data: 'a', id: '7', retry: 9 })
  })

  it.each<readonly [string, Type]>([
    [
      'above',
      (() => {
        @Controller()
        class Above {
          @UseInterceptors(wrapping)
          @Sse('events')
          async *events() {
            yield { data: 1 }
          }
        }
        return Above
      })(),
    ],
    [
      'below',
      (() => {
        @Controller()
        class Below {
          @Sse('events')
          @UseInterceptors(wrapping)
          async *events() {
            yield { data: 1 }
          }
        }
        return Below
      })(),
    ],
    [
      'on the class of',
      (() => {
        @Controller()
        @UseInterceptors(wrapping)
        class OnClass {
          @Sse('events')
          async *events() {
            yield { data: 1 }
          }
        }
        return OnClass
      })(),
    ],
  ])('work %s `@Sse()`', async (_where, controller) => {
    const { url } = await serve(platform, { controllers: [controller] })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: '{"wrapped":1}' }])
  })

  it('work for all routes of an application', async () => {
    const { url } = await serve(platform, { controllers: [controllerOf(() => of({ data: 1 }))] }, (app) =>
      app.useGlobalInterceptors(intercepting(map((value) => (value === 'plain' ? 'PLAIN' : { data: 'global' })))),
    )
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: 'global' }])
    expect(await (await fetch(`${url}/plain`)).text()).toBe('PLAIN')
  })

  it.each([Scope.DEFAULT, Scope.REQUEST])('work as providers of scope %i', async (scope) => {
    @Injectable({ scope })
    class Provided implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((value) => (value === 'plain' ? 'PLAIN' : { data: 'provided' })))
      }
    }
    const { url } = await serve(platform, {
      controllers: [controllerOf(() => of({ data: 1 }))],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Provided }],
    })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: 'provided' }])
    expect(await (await fetch(`${url}/plain`)).text()).toBe('PLAIN')
  })

  it('are in the order of Nest, and each sees what the next has made', async () => {
    const order: string[] = []
    const noting = (name: string): NestInterceptor => ({
      intercept: (_context, next) => {
        order.push(`${name} before`)
        return next.handle().pipe(tap((event) => void order.push(`${name} ${(event as Wrapped).data}`)))
      },
    })
    @Controller()
    @UseInterceptors(noting('class'))
    class Ordered {
      @UseInterceptors(noting('method'))
      @Sse('events')
      async *events() {
        yield { data: 1 }
      }
    }
    const { url } = await serve(platform, { controllers: [Ordered] }, (app) =>
      app.useGlobalInterceptors(noting('global')),
    )
    await readEvents(`${url}/events`)
    expect(order).toEqual(['global before', 'class before', 'method before', 'method 1', 'class 1', 'global 1'])
  })

  it('may drop events, and make several of one', async () => {
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () => of({ data: 1 }, { data: 2 }),
          intercepting((events) =>
            events.pipe(
              filter((event) => (event as Wrapped).data !== 1),
              mergeMap((event) => [event, { data: 'more' }]),
            ),
          ),
        ),
      ],
    })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: '2' }, { data: 'more' }])
  })

  it('may answer in place of the handler: with events, or with a source', async () => {
    const handler = vi.fn()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(handler, {
          intercept: (context) =>
            context.switchToHttp().getRequest().url.endsWith('?source')
              ? of(
                  (async function* () {
                    yield { type: 'cached', data: 1 }
                  })(),
                )
              : of({ type: 'cached', data: 1 }, { data: 2 }),
        }),
      ],
    })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ event: 'cached', data: '1' }, { data: '2' }])
    expect(await readEvents(`${url}/events?source`)).toMatchObject([{ event: 'cached', data: '1' }])
    expect(handler).not.toHaveBeenCalled()
  })

  it('may answer with nothing at all: a stream that ends', async () => {
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () => of({ data: 1 }),
          intercepting(() => of()),
        ),
      ],
    })
    expect(await readEvents(`${url}/events`)).toEqual([])
  })

  it('may end a stream, whose source is stopped', async () => {
    const stopped = deferred()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          async function* () {
            try {
              for (let n = 0; ; n++) yield { data: n }
            } finally {
              stopped.resolve()
            }
          },
          intercepting(take(2)),
        ),
      ],
    })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: '0' }, { data: '1' }])
    await stopped.promise
  })

  it('read no faster than the client does', async () => {
    let made = 0
    const text = 'x'.repeat(64 * 1024)
    const hub = createHub()
    const { client } = await serve(platform, {
      imports: [SseModule.forRoot({ hub })],
      controllers: [
        controllerOf(async function* () {
          for (;;) {
            made++
            yield { data: text }
          }
        }, wrapping),
      ],
    })
    const stalled = client({ reads: false }).request('GET /events')
    let before = -1
    await vi.waitFor(
      () => {
        const isDone = made > 0 && made === before
        before = made
        expect(isDone).toBe(true)
      },
      { interval: 100, timeout: 10_000 },
    )
    expect(made * text.length).toBeLessThan(32 * 1024 * 1024)
    expect(hub.stats()).toMatchObject({ connections: 1, closed: { slow: 0 } })
    stalled.socket.destroy()
  })

  it.each<readonly [string, (stopped: () => void) => unknown]>([
    ['an Observable', (stopped) => new Observable(() => stopped)],
    [
      'a generator',
      async function* (stopped) {
        try {
          yield { data: 1 }
          yield { data: 2 }
          await new Promise(() => {})
        } finally {
          stopped()
        }
      },
    ],
    ['a ReadableStream', (stopped) => new ReadableStream({ cancel: stopped })],
    [
      'a function',
      (stopped) =>
        ({ signal }: SseStream) =>
          void signal.addEventListener('abort', stopped),
    ],
  ])('let go of %s at once when the client goes', async (name, source) => {
    const stopped = deferred()
    const { client } = await serve(platform, {
      controllers: [controllerOf(() => source(stopped.resolve), wrapping)],
    })
    const gone = client().request('GET /events')
    await gone.until(name === 'a generator' ? '{"wrapped":2}' : '\n\n')
    gone.socket.destroy()
    // A generator that waits for what never comes cannot be made to run its `finally`.
    if (name !== 'a generator') await stopped.promise
  })

  it('start no source for a HEAD, and none for who finds no room', async () => {
    const started = vi.fn()
    const { url } = await serve(platform, {
      imports: [SseModule.forRoot({ limits: { connections: 0 } })],
      controllers: [controllerOf(() => new Observable(started), wrapping)],
    })
    expect((await fetch(`${url}/events`, { method: 'HEAD' })).headers.get('content-type')).toContain(
      'text/event-stream',
    )
    expect((await fetch(`${url}/events`)).status).toBe(503)
    expect(started).not.toHaveBeenCalled()
  })

  it.each([
    ['with', [wrapping]],
    ['without', []],
  ])('let go of a stream that is not to be read, %s them', async (_name, interceptors) => {
    const cancelled = deferred()
    const { url } = await serve(platform, {
      controllers: [controllerOf(() => new ReadableStream({ cancel: () => cancelled.resolve() }), ...interceptors)],
    })
    await fetch(`${url}/events`, { method: 'HEAD' })
    await cancelled.promise
  })

  it('leave 204 to who has nothing', async () => {
    const { url } = await serve(platform, { controllers: [controllerOf(() => null, wrapping)] })
    expect((await fetch(`${url}/events`)).status).toBe(204)
  })

  it('cost the other routes nothing: where there are no global ones, there are none', async () => {
    const { app } = await serve(platform, { controllers: [controllerOf(() => null, wrapping)] })
    expect(app.get(ApplicationConfig).getGlobalInterceptors()).toEqual([])
  })
})

interface Prices {
  price: { n: number }
  message: string
}

describe.each(PLATFORMS)('interceptors of a subscription on $name', (platform) => {
  it('[F4] see each event of the hub, which keeps its id: whoever comes back gets what is missing, once', async () => {
    const hub = createHub<Prices>()
    const { url } = await serve(platform, { controllers: [controllerOf(() => hub.subscribe('a'), wrapping)] })
    const reading = readEvents(`${url}/events`)
    await reading.response
    const first = await hub.publish('a', { event: 'price', data: { n: 1 } })
    expect((await reading.next()).value).toMatchObject({ event: 'price', data: '{"wrapped":{"n":1}}', id: first })
    await reading.return()
    const second = await hub.publish('a', { event: 'price', data: { n: 2 } })
    const third = await hub.publish('a', { data: 'three' })
    const resumed = await readEvents(`${url}/events`, { lastEventId: first, take: 2 })
    expect(resumed).toMatchObject([
      { event: 'price', data: '{"wrapped":{"n":2}}', id: second },
      { event: 'message', data: '{"wrapped":"three"}', id: third },
    ])
  })

  it('see topic, event, data, id and key', async () => {
    const seen = vi.fn()
    const hub = createHub<Prices>()
    const { url } = await serve(platform, {
      controllers: [controllerOf(() => hub.subscribe('*', { replay: 'all' }), intercepting(tap(seen)))],
    })
    const id = await hub.publish('a', { event: 'price', data: { n: 1 }, key: 'k' })
    await readEvents(`${url}/events`, { take: 1 })
    expect(seen).toHaveBeenCalledWith({
      topic: 'a',
      event: 'price',
      data: { n: 1 },
      id,
      key: 'k',
    } satisfies HubEvent<Prices>)
  })

  it('send an unchanged event byte for byte', async () => {
    const hub = createHub<Prices>({ retry: 1, checkpoints: false })
    @Controller()
    class Both {
      @Sse('plain')
      plain() {
        return hub.subscribe('a', { replay: 'all' })
      }

      @UseInterceptors(intercepting(tap(() => {})))
      @Sse('tapped')
      tapped() {
        return hub.subscribe('a', { replay: 'all' })
      }
    }
    await hub.publish('a', { event: 'price', data: { n: 1 } })
    await hub.publish('a', { data: 'two\nlines\r\n' })
    const { client } = await serve(platform, { controllers: [Both] })
    const bodies = await Promise.all(
      ['/plain', '/tapped'].map(async (path) => {
        const received = await client().request(`GET ${path}`).until(`${hub.stats().ring.head}\n\n`)
        return received.replace(/\r\n[\da-f]+\r\n/g, '').slice(received.indexOf('retry:'))
      }),
    )
    expect(bodies[1]?.replaceAll(/\s/g, '')).toBe(bodies[0]?.replaceAll(/\s/g, ''))
  })

  it('may drop events: the client knows how far it is all the same', async () => {
    const hub = createHub<Prices>({ heartbeat: 40 })
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () => hub.subscribe('a'),
          intercepting(filter((event) => (event as HubEvent<Prices>).data !== 'dropped')),
        ),
      ],
    })
    const reading = readEvents(`${url}/events`)
    await reading.response
    const sent = await hub.publish('a', { data: 'sent' })
    const dropped = await hub.publish('a', { data: 'dropped' })
    expect((await reading.next()).value).toMatchObject({ data: 'sent', id: sent })
    const rest = reading.next()
    await vi.waitFor(() => expect(reading.lastEventId).toBe(dropped))
    await reading.return()
    await rest
  })

  it('may make several of one: only the last has its id', async () => {
    const hub = createHub<Prices>()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () => hub.subscribe('a', { replay: 'all' }),
          intercepting(mergeMap((event) => [{ data: 'before' }, event])),
        ),
      ],
    })
    const id = await hub.publish('a', { data: 'it' })
    const [before, it] = await readEvents(`${url}/events`, { take: 2 })
    expect(before).toMatchObject({ data: 'before' })
    expect(before?.id).not.toBe(id)
    expect(it).toMatchObject({ data: 'it', id })
  })

  it('may take their time: what comes later comes without an id, and never with one of its own', async () => {
    const hub = createHub<Prices>()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () => hub.subscribe('a'),
          intercepting((events) =>
            events.pipe(
              map((event) => ({ ...(event as object), id: 'mine' })),
              delay(20),
              startWith({ data: 'hello', id: 'mine' }),
            ),
          ),
        ),
      ],
    })
    const reading = readEvents(`${url}/events`)
    expect((await reading.next()).value).toMatchObject({ data: 'hello' })
    await hub.publish('a', { data: 'late' })
    expect((await reading.next()).value).toMatchObject({ data: 'late' })
    expect(reading.lastEventId).not.toBe('mine')
    await reading.return()
  })

  it('map what is replayed, and a snapshot; a gap is announced as ever', async () => {
    const hub = createHub<Prices>()
    const shown = hub.subscribe('a', { snapshot: () => [{ event: 'price', data: { n: 0 } }] })
    const { url } = await serve(platform, { controllers: [controllerOf(() => shown, wrapping)] })
    const reading = readEvents(`${url}/events`, { lastEventId: 'elsewhere.1' })
    expect((await reading.next()).value).toMatchObject({ event: 'sse.gap', data: expect.stringContaining('epoch') })
    expect((await reading.next()).value).toMatchObject({ event: 'price', data: '{"wrapped":{"n":0}}' })
    const id = await hub.publish('a', { data: 'live' })
    expect((await reading.next()).value).toMatchObject({ data: '{"wrapped":"live"}', id })
    await reading.return()
  })

  it('see no event twice, however the client reads', async () => {
    const seen: unknown[] = []
    const hub = createHub<{ message: string }>()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(() => hub.subscribe('a'), intercepting(tap((event) => void seen.push((event as HubEvent).data)))),
      ],
    })
    const reading = readEvents(`${url}/events`)
    await reading.response
    const text = 'x'.repeat(50_000)
    const all = Array.from({ length: 250 }, (_, n) => n)
    // Nobody reads: the client is behind, until it does.
    for (const n of all) await hub.publish('a', { data: `${n} ${text}` })
    expect(hub.stats().lagging).toBe(1)
    const received: number[] = []
    for await (const { data } of reading) if (received.push(Number.parseInt(data, 10)) === all.length) break
    expect(received).toEqual(all)
    expect(seen.map((data) => Number.parseInt(String(data), 10))).toEqual(all)
  })

  it('may end the stream, after the event with which they do', async () => {
    const hub = createHub<Prices>()
    const { url } = await serve(platform, {
      controllers: [controllerOf(() => hub.subscribe('a', { replay: 'all' }), intercepting(take(2)))],
    })
    for (const data of ['one', 'two', 'three']) await hub.publish('a', { data })
    expect(await readEvents(`${url}/events`)).toMatchObject([{ data: 'one' }, { data: 'two' }])
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it('end with the last event of the subscription, also where they drop that one', async () => {
    const hub = createHub<Prices>()
    const subscription = hub.subscribe('a', { replay: 'all', until: ({ data }) => data === 'last' })
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(() => subscription, intercepting(filter((event) => (event as HubEvent).data !== 'last'))),
      ],
    })
    await hub.publish('a', { data: 'first' })
    const last = await hub.publish('a', { data: 'last' })
    const reading = readEvents(`${url}/events`)
    expect(await reading).toMatchObject([{ data: 'first' }])
    expect(reading.lastEventId).toBe(last)
    expect((await fetch(`${url}/events`, { headers: { 'Last-Event-ID': last } })).status).toBe(204)
  })

  it.each<readonly [string, Operator, string]>([
    [
      'at once',
      tap(() => {
        throw new Error('secret')
      }),
      'map',
    ],
    [
      'later',
      concatMap(() => new Observable((subscriber) => void setTimeout(() => subscriber.error(new Error('secret')), 10))),
      'source',
    ],
  ])('that fail %s end the stream, and tell `onError` alone', async (_when, operator, stage) => {
    const onError = vi.fn()
    const hub = createHub<Prices>({ onError })
    const { client } = await serve(platform, {
      imports: [SseModule.forRoot({ hub, onError })],
      controllers: [controllerOf(() => hub.subscribe('a'), intercepting(operator))],
    })
    const reader = client().request('GET /events')
    await reader.until('id: ')
    await hub.publish('a', { data: 'one' })
    expect(await reader.until('0\r\n\r\n')).not.toContain('secret')
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'secret' }), { stage })
  })

  it('are let go of when the client goes', async () => {
    const ended = deferred()
    const hub = createHub<Prices>()
    const other = new Subject<unknown>()
    const { client } = await serve(platform, {
      controllers: [
        controllerOf(
          () => hub.subscribe('a'),
          intercepting(
            (events) =>
              new Observable((subscriber) => {
                subscriber.add(events.subscribe(subscriber))
                subscriber.add(other.subscribe(subscriber))
                subscriber.add(ended.resolve)
              }),
          ),
        ),
      ],
    })
    const reader = client().request('GET /events')
    await reader.until('id: ')
    reader.socket.destroy()
    await ended.promise
    expect(other.observed).toBe(false)
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it('see the events of a subscription that a function gives, too', async () => {
    const hub = createHub<Prices>()
    const { url } = await serve(platform, {
      controllers: [
        controllerOf(
          () =>
            async ({ send }: SseStream) => {
              await send({ data: 'first' })
              return hub.subscribe('a', { replay: 'all' })
            },
          wrapping,
        ),
      ],
    })
    const id = await hub.publish('a', { data: 'live' })
    expect(await readEvents(`${url}/events`, { take: 2 })).toMatchObject([
      { data: '{"wrapped":"first"}' },
      { data: '{"wrapped":"live"}', id },
    ])
  })

  it('do not spoil what others get', async () => {
    const hub = createHub<Prices>()
    const spoiling = intercepting(map((event) => Object.assign(event as object, { data: 'spoiled' })))
    @Controller()
    class Two {
      @UseInterceptors(spoiling)
      @Sse('spoiled')
      spoiled() {
        return hub.subscribe('a', { replay: 'all' })
      }

      @UseInterceptors(wrapping)
      @Sse('wrapped')
      wrapped() {
        return hub.subscribe('a', { replay: 'all' })
      }
    }
    const { url } = await serve(platform, { controllers: [Two] })
    await hub.publish('a', { data: 'fine' })
    expect(await readEvents(`${url}/spoiled`, { take: 1 })).toMatchObject([{ data: 'spoiled' }])
    expect(await readEvents(`${url}/wrapped`, { take: 1 })).toMatchObject([{ data: '{"wrapped":"fine"}' }])
  })
})
