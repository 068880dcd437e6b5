import { setTimeout as delay } from 'node:timers/promises'
import { createHub, type Source, SseError, type SseStream, type StreamOptions } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import type Koa from 'koa'
import type { Context } from 'koa'
import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { eventStream, sse } from '../src/index.ts'
import { Opening } from '../src/opening.ts'
import { errorsOf, serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const boom = new Error('boom')

/** The ways in which a source fails before its stream is open. */
const FAILING: readonly (readonly [string, () => Source])[] = [
  [
    'a function that throws',
    () => () => {
      throw boom
    },
  ],
  ['an async function that rejects', () => () => Promise.reject(boom)],
  [
    'a generator that fails before its first event',
    // biome-ignore lint/correctness/useYield: it does not get that far.
    async function* () {
      throw boom
    },
  ],
  ['a stream that fails', () => new ReadableStream({ start: (controller) => controller.error(boom) })],
  [
    'an observable that fails',
    () => ({
      subscribe: (observer) => {
        observer.error(boom)
        return () => {}
      },
    }),
  ],
]

type Open = (ctx: Context, source: Source, options?: StreamOptions) => Promise<SseStream>
type Handle = (open: () => Promise<SseStream>) => unknown

const viaContext: Open = (ctx, source, options) => ctx.sse(source, options)

/** How a stream is asked for, and how handlers treat the promise. */
const FORMS: readonly (readonly [form: string, way: string, Open, Handle])[] = [
  ['ctx.sse', 'awaited', viaContext, async (open) => void (await open())],
  ['ctx.sse', 'returned', viaContext, (open) => open()],
  ['ctx.sse', 'ignored', viaContext, (open) => void open()],
  ['eventStream', 'awaited', eventStream, async (open) => void (await open())],
  ['eventStream', 'returned', eventStream, (open) => open()],
]

describe.each(VERSIONS)('errors on $name', ({ Koa }) => {
  describe.each(FORMS)('[F2] before the stream is open, from %s, %s', (_form, _way, open, handle) => {
    it.each(FAILING)("that of %s reaches Koa's error handling, once", async (_name, source) => {
      const onError = vi.fn()
      const app = new Koa().use(sse())
      const errors = errorsOf(app)
      app.use((ctx) => handle(() => open(ctx, source(), { onError })))
      const response = await request(app.callback()).get('/')
      expect(response.status).toBe(500)
      expect(response.text).toBe('Internal Server Error')
      expect(response.headers).not.toHaveProperty('x-accel-buffering')
      expect(errors).toEqual([boom])
      expect(onError).not.toHaveBeenCalled()
    })

    it('reaches a middleware that handles errors, once, and nobody else', async () => {
      const app = new Koa()
      const caught = catchErrors(app)
      const errors = errorsOf(app.use(sse()))
      app.use((ctx) => handle(() => open(ctx, () => Promise.reject(boom))))
      const response = await request(app.callback()).get('/')
      expect(response.status).toBe(418)
      expect(response.body).toEqual({ error: 'boom' })
      expect(response.headers).not.toHaveProperty('x-accel-buffering')
      expect(caught).toEqual([boom])
      expect(errors).toEqual([])
    })

    it('stays an error that is none: it is answered', async () => {
      const app = new Koa().use(sse())
      const errors = errorsOf(app)
      app.use((ctx) => handle(() => open(ctx, () => Promise.reject())))
      await request(app.callback()).get('/').expect(500)
      expect(errors).toHaveLength(1)
    })
  })

  it.each<readonly [string, (ctx: Context, open: () => Promise<SseStream>) => unknown]>([
    [
      'with try',
      async (ctx, open) => {
        try {
          await open()
        } catch {
          ctx.body = 'instead'
        }
      },
    ],
    ['with `catch`', (ctx, open) => void open().catch(() => (ctx.body = 'instead'))],
  ])('[F2] an error that the handler catches %s reaches nobody else', async (_way, handle) => {
    const app = new Koa().use(sse())
    const errors = errorsOf(app)
    app.use((ctx) => handle(ctx, () => ctx.sse(() => Promise.reject(boom))))
    const response = await request(app.callback()).get('/').expect(200, 'instead')
    expect(response.headers).not.toHaveProperty('x-accel-buffering')
    expect(errors).toEqual([])
  })

  it('[F2] an error that nobody waits for yet is no unhandled rejection', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const app = new Koa().use(sse())
    const errors = errorsOf(app)
    app.use(async (ctx) => {
      const opening = ctx.sse(() => Promise.reject(boom))
      await delay(10)
      if (ctx.path === '/awaited') await opening
    })
    await request(app.callback()).get('/').expect(500)
    await request(app.callback()).get('/awaited').expect(500)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    expect(errors).toEqual([boom, boom])
  })

  it('[F2] an error that was handled inside of an outer `sse()` does not come again', async () => {
    const app = new Koa().use(sse())
    const caught = catchErrors(app)
    const errors = errorsOf(app.use(sse()))
    app.use((ctx) => void ctx.sse(() => Promise.reject(boom)))
    await request(app.callback()).get('/').expect(418)
    expect(caught).toEqual([boom])
    expect(errors).toEqual([])
  })

  it('[F2] the status of an error is the status of the answer', async () => {
    const app = new Koa().use(sse())
    app.use((ctx) => void ctx.sse(() => Promise.reject(Object.assign(new Error('no'), { status: 403 }))))
    errorsOf(app)
    await request(app.callback()).get('/').expect(403)
  })

  it.each([
    ['an option out of range', (ctx: Context) => ctx.sse(undefined, { retry: -1 }), 'retry'],
    // @ts-expect-error what JavaScript may hand over.
    ['a source that is none', (ctx: Context) => ctx.sse(42), 'source'],
  ])('[F2] %s is an error before the stream is open', async (_name, open, field) => {
    const app = new Koa().use(sse())
    const errors = errorsOf(app)
    app.use((ctx) => void open(ctx))
    await request(app.callback()).get('/').expect(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'SSE_INVALID_FIELD' })])
    expect(String(errors[0])).toContain(`\`${field}\``)
  })

  it.each(['principal', 'expiresAt'])('[F2] a `%s` that throws is one too', async (name) => {
    const fail = (): never => {
      throw boom
    }
    const app = new Koa().use(sse({ [name]: fail }))
    const errors = errorsOf(app)
    app.use((ctx) => void ctx.sse())
    await request(app.callback()).get('/').expect(500)
    expect(errors).toEqual([boom])
  })

  it('[F2] an `ECONNRESET` of the application is its own, as long as the client is there', async () => {
    const refused = Object.assign(new Error('connect ECONNRESET'), { code: 'ECONNRESET' })
    const cut = Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
    const app = new Koa().use(sse())
    const errors = errorsOf(app)
    app.use((ctx) => ctx.sse(() => Promise.reject(ctx.path === '/cut' ? cut : refused)))
    await request(app.callback()).get('/refused').expect(500)
    await request(app.callback()).get('/cut').expect(500)
    expect(errors).toEqual([refused, cut])
  })

  it('an error after the stream has opened goes to `onError`, never to that of Koa', async () => {
    const onError = vi.fn()
    const app = new Koa().use(sse({ onError }))
    app.use((ctx) =>
      ctx.sse(async function* () {
        yield 'first'
        throw boom
      }),
    )
    const { url, errors } = await serve(app)
    const events = await readEvents(url)
    expect(events.map(({ data }) => data)).toEqual(['first'])
    expect(onError.mock.calls).toEqual([[boom, { stage: 'source' }]])
    expect(errors).toEqual([])
  })

  describe('[F2] a handler that fails when its stream is open', () => {
    it('is answered as an ordinary error, if nothing was sent, and the stream is closed', async () => {
      const hub = createHub()
      const app = new Koa().use(sse({ hub }))
      const errors = errorsOf(app)
      const streams: SseStream[] = []
      app.use(async (ctx) => {
        streams.push(await ctx.sse(hub.subscribe('a')))
        throw boom
      })
      await request(app.callback()).get('/').expect(500, 'Internal Server Error')
      expect(errors).toEqual([boom])
      expect(streams[0]?.signal.aborted).toBe(true)
      expect(hub.size).toBe(0)
    })

    it.each<readonly [string, unknown, string]>([
      ['a text', 'no luck', 'text/plain; charset=utf-8'],
      ['JSON', { error: 'no luck' }, 'application/json; charset=utf-8'],
    ])("leaves nothing of the stream on an error page of the application's: %s", async (_kind, page, type) => {
      const hub = createHub()
      const app = new Koa()
      app.use(async (ctx, next) => {
        await next().catch(() => {
          // Not only when the page has been sent.
          expect(hub.size).toBe(0)
          ctx.status = 500
          ctx.body = page
        })
      })
      app.use(sse({ hub }))
      app.use(async (ctx) => {
        await ctx.sse(hub.subscribe('a'))
        throw boom
      })
      const response = await request(app.callback()).get('/').expect(500).expect('Content-Type', type)
      for (const name of ['cache-control', 'x-accel-buffering']) expect(response.headers).not.toHaveProperty(name)
      expect(response.headers).toHaveProperty('content-length')
      expect(hub.size).toBe(0)
    })

    it('is answered with 404, where an error page sets nothing at all', async () => {
      const app = new Koa()
      app.use((_ctx, next) => next().catch(() => {}))
      app.use(sse())
      app.use(async (ctx) => {
        await ctx.sse()
        throw boom
      })
      const response = await request(app.callback()).get('/').expect(404)
      expect(response.type).toBe('text/plain')
    })

    it('is reported, if it was being sent, and the stream ends with what was', async () => {
      const onError = vi.fn()
      const app = new Koa().use(sse({ commitAfter: 5, onError }))
      app.use(async (ctx) => {
        const stream = await ctx.sse()
        await stream.send('first')
        await vi.waitFor(() => expect(ctx.headerSent).toBe(true))
        throw boom
      })
      const { port, errors } = await serve(app)
      await new RawClient(port).request('GET /').until('data: first\n\n\r\n0\r\n\r\n')
      expect(errors).toEqual([boom])
      expect(onError).not.toHaveBeenCalled()
    })
  })

  describe('[F2] a handler that fails before its stream is open', () => {
    it('is answered, and the source ends', async () => {
      const ended = deferred()
      const middleware = sse({ commitAfter: 10 })
      const app = new Koa().use(middleware)
      const errors = errorsOf(app)
      app.use(async (ctx) => {
        void ctx.sse(async function* ({ signal }) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          ended.resolve()
          yield 'too late'
        })
        await null
        throw boom
      })
      await request(app.callback()).get('/').expect(500)
      await ended.promise
      expect(errors).toEqual([boom])
      expect(middleware.hub.size).toBe(0)
    })

    it('keeps its stream from replacing an error page that takes time', async () => {
      const hub = createHub({ heartbeat: 20, stallTimeout: 20 })
      const app = new Koa()
      const opened = deferred<SseStream>()
      app.use(async (ctx, next) => {
        await next().catch(async () => {
          const stream = await opened.promise
          await stream.closed
          expect(await stream.send('late')).toBe(false)
          // Nor is the page cut, for a stream that stalls.
          await delay(100)
          ctx.status = 503
          ctx.body = 'later'
        })
      })
      app.use(sse({ hub, commitAfter: 5 }))
      app.use(async (ctx) => {
        void ctx
          .sse(({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())))
          .then(opened.resolve)
        throw boom
      })
      const response = await request(app.callback()).get('/').expect(503, 'later')
      expect(response.type).toBe('text/plain')
      expect(hub.size).toBe(0)
    })

    it.each<readonly [string, unknown]>([
      ['before', new Error('late')],
      ['before', 'late'],
      ['after', new Error('late')],
    ])('is the answer where its stream fails, too, which is reported: %s it, with %o', async (when, late) => {
      const onError = vi.fn()
      const [failing, failed] = [deferred(), deferred()]
      const app = new Koa()
      const errors = errorsOf(app)
      app.use(async (ctx, next) => {
        await next().catch(async (error) => {
          if (when === 'before') {
            failing.resolve()
            await failed.promise
          }
          ctx.throw(500, error)
        })
      })
      app.use(sse({ onError }))
      app.use(async (ctx) => {
        const opening = ctx.sse(() => failing.promise.then(() => Promise.reject(late)))
        if (opening instanceof Opening) void opening.outcome.then(() => failed.resolve())
        await null
        throw boom
      })
      const { url } = await serve(app)
      expect((await fetch(url)).status).toBe(500)
      failing.resolve()
      const told = (): unknown[] => [...errors, ...onError.mock.calls.map(([error]) => error)]
      await vi.waitFor(() => expect(new Set(told().map(messageOf))).toEqual(new Set(['boom', 'late'])))
      expect(told()).toHaveLength(2)
    })
  })

  describe('[F2] a middleware outside that fails when the stream is open', () => {
    it('is answered, and the stream is closed', async () => {
      const hub = createHub()
      const app = new Koa()
      app.use(async (_ctx, next) => {
        await next()
        throw boom
      })
      app.use(sse({ hub }))
      app.use((ctx) => ctx.sse(hub.subscribe('a')))
      const { url, errors } = await serve(app)
      const response = await fetch(url)
      expect(response.status).toBe(500)
      expect(response.headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
      expect(response.headers.get('X-Accel-Buffering')).toBeNull()
      expect(await response.text()).toBe('Internal Server Error')
      expect(errors).toEqual([boom])
      await vi.waitFor(() => expect(hub.size).toBe(0))
    })
  })

  describe('[F2] a second stream on a response', () => {
    it.each<readonly [string, Open, Open]>([
      ['of the context', viaContext, viaContext],
      ['without the middleware', eventStream, eventStream],
      ['of either kind', eventStream, viaContext],
    ])('is an error, and the first one is closed: %s', async (_kind, first, second) => {
      const hub = createHub()
      const app = new Koa().use(sse({ hub }))
      const errors = errorsOf(app)
      app.use(async (ctx) => {
        await first(ctx, hub.subscribe('a'))
        await second(ctx, hub.subscribe('a'))
      })
      await request(app.callback()).get('/').expect(500)
      expect(errors).toEqual([expect.any(SseError)])
      expect(errors).toEqual([expect.objectContaining({ code: 'SSE_CLOSED' })])
      await vi.waitFor(() => expect(hub.size).toBe(0))
    })

    it('is an error also when nobody waits for either', async () => {
      const hub = createHub()
      const app = new Koa()
      const caught = catchErrors(app)
      app.use(sse({ hub }))
      app.use((ctx) => {
        void ctx.sse(hub.subscribe('a'))
        void ctx.sse(hub.subscribe('a'))
      })
      const response = await request(app.callback()).get('/').expect(418)
      // Nothing of the first is left.
      expect(response.headers).not.toHaveProperty('x-accel-buffering')
      expect(caught).toEqual([expect.objectContaining({ code: 'SSE_CLOSED' })])
      expect(hub.size).toBe(0)
    })

    it('is told beside the first, where that fails, too', async () => {
      const app = new Koa().use(sse())
      const errors = errorsOf(app)
      app.use((ctx) => {
        void ctx.sse(() => Promise.reject(new SseError('SSE_LIMIT', 'a')))
        void ctx.sse().catch(() => {})
        void ctx.sse()
      })
      await request(app.callback()).get('/').expect(500)
      // Both were left alone: one is the answer, the other is reported.
      expect(errors).toEqual([
        expect.objectContaining({ code: 'SSE_CLOSED' }),
        expect.objectContaining({ code: 'SSE_LIMIT', status: 500 }),
      ])
    })

    it('is none when the first has failed', async () => {
      const app = new Koa().use(sse())
      app.use((ctx) =>
        ctx
          .sse(() => Promise.reject(boom))
          .catch(() =>
            ctx.sse(async function* () {
              yield 'instead'
            }),
          ),
      )
      const { url, errors } = await serve(app)
      expect(await readEvents(url)).toMatchObject([{ data: 'instead' }])
      expect(errors).toEqual([])
    })
  })

  it('[F2] a stream on a response that has been sent is an error, which is reported where nobody waits', async () => {
    const app = new Koa().use(sse())
    const sent = deferred<Context>()
    app.use((ctx) => {
      ctx.body = 'sent'
      ctx.res.once('finish', () => sent.resolve(ctx))
    })
    const { url, errors } = await serve(app)
    expect(await (await fetch(url)).text()).toBe('sent')
    const ctx = await sent.promise
    await expect(ctx.sse()).rejects.toThrow(expect.objectContaining({ code: 'SSE_CLOSED' }))
    expect(errors).toEqual([])
    void ctx.sse()
    await vi.waitFor(() => expect(errors).toEqual([expect.objectContaining({ code: 'SSE_CLOSED' })]))
  })
})

/** Answers each error with 418 and its message, and keeps it. */
function catchErrors(app: Koa): readonly unknown[] {
  const caught: unknown[] = []
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      caught.push(error)
      ctx.status = 418
      ctx.body = { error: messageOf(error) }
    }
  })
  return caught
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no error'
}
