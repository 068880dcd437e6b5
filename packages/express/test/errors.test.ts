import { createHub, type Source, type SseStream, type StreamOptions } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express'
import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { eventStream, sse } from '../src/index.ts'
import { serve } from './serve.ts'
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

/** How handlers treat the promise. */
const HANDLERS: readonly (readonly [string, (open: () => Promise<SseStream>) => unknown])[] = [
  ['awaited', async (open) => void (await open())],
  ['returned', (open) => open()],
  ['ignored', (open) => void open()],
]

/** The ways in which a stream is asked for. */
const FORMS: readonly (readonly [string, Open])[] = [
  ['res.sse', (_req, res, source, options) => res.sse(source, options)],
  ['eventStream', eventStream],
]

type Open = (req: Request, res: Response, source: Source, options?: StreamOptions) => Promise<SseStream>

describe.each(VERSIONS)('errors on $name', ({ express }) => {
  describe.each(FORMS)('[F1] before the stream is open, from %s', (_form, open) => {
    describe.each(HANDLERS)('%s', (_way, handle) => {
      it.each(FAILING)('that of %s reaches one error handler, once', async (_name, source) => {
        const streams: Promise<SseStream>[] = []
        const onError = vi.fn()
        const app = express().use(sse())
        app.get('/', (req, res) =>
          handle(() => {
            const stream = open(req, res, source(), { onError })
            streams.push(stream)
            return stream
          }),
        )
        const { errors, late } = handleErrors(app)

        const response = await request(app).get('/')
        expect(response.status).toBe(500)
        expect(response.body).toEqual({ error: 'boom' })
        expect(response.headers).not.toHaveProperty('x-accel-buffering')
        const stream = await streams[0]
        expect(await stream?.closed).toBe('error')
        expect(errors).toEqual([boom])
        expect(late).toEqual([])
        expect(onError).not.toHaveBeenCalled()
      })
    })

    it('stays the answer when the handler throws another one after', async () => {
      const after = new Error('after')
      const app = express().use(sse())
      const handler = async (req: Request, res: Response): Promise<void> => {
        await open(req, res, () => Promise.reject(boom))
        throw after
      }
      app.get('/', catching(handler))
      const { errors, late } = handleErrors(app)
      const response = await request(app).get('/')
      expect(response.body).toEqual({ error: 'boom' })
      expect(errors).toEqual([boom])
      await vi.waitFor(() => expect(late).toEqual([after]))
    })

    it('goes to the error handler of the router it came from', async () => {
      const app = express().use(sse())
      const router = express.Router()
      router.get('/', (req, res) => void open(req, res, () => Promise.reject(boom)))
      router.use(((_error, _req, res, _next) => void res.status(418).end()) satisfies ErrorRequestHandler)
      app.use('/prices', router)
      const { errors } = handleErrors(app)
      await request(app).get('/prices').expect(418)
      expect(errors).toEqual([])
    })
  })

  it('[F1] the status of an error is the status of the answer, also without an error handler', async () => {
    const app = express().use(sse())
    app.get('/', (_req, res) => res.sse(() => Promise.reject(Object.assign(new Error('no'), { status: 403 }))))
    await request(app).get('/').expect(403)
  })

  it('[F1] an error that is none answers 500, and no other route', async () => {
    const app = express().use(sse())
    app.get('/', (_req, res) => void res.sse(() => Promise.reject()))
    app.get('/', (_req, res) => void res.send('another route'))
    await request(app).get('/').expect(500)
  })

  it.each([
    ['an option out of range', (res: Response) => res.sse(undefined, { retry: -1 }), 'retry'],
    // @ts-expect-error what JavaScript may hand over.
    ['a source that is none', (res: Response) => res.sse(42), 'source'],
  ])('[F1] %s is an error before the stream is open', async (_name, open, field) => {
    const app = express().use(sse())
    app.get('/', (_req, res) => void open(res))
    const { errors } = handleErrors(app)
    await request(app).get('/').expect(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'SSE_INVALID_FIELD' })])
    expect(String(errors[0])).toContain(`\`${field}\``)
  })

  it('[F1] a `principal` or `expiresAt` that throws is one too', async () => {
    const app = express()
    const fail = (): never => {
      throw boom
    }
    app.get('/principal', sse({ principal: fail }), (_req, res) => void res.sse())
    app.get('/expires', sse({ expiresAt: fail }), (_req, res) => void res.sse())
    const { errors } = handleErrors(app)
    await request(app).get('/principal').expect(500)
    await request(app).get('/expires').expect(500)
    expect(errors).toEqual([boom, boom])
  })

  it('gives the handler a closed stream, which takes nothing', async () => {
    const app = express().use(sse())
    const streams: SseStream[] = []
    app.get('/', async (_req, res) => void streams.push(await res.sse(() => Promise.reject(boom))))
    handleErrors(app)
    await request(app).get('/').expect(500)
    await vi.waitFor(() => expect(streams).toHaveLength(1))
    const [stream] = streams
    expect(stream?.signal.aborted).toBe(true)
    expect(stream?.lastEventId).toBeUndefined()
    expect(await stream?.send('x')).toBe(false)
    expect(await stream?.comment()).toBe(false)
    stream?.close()
  })

  it('[F1] an error after the stream has opened goes to `onError`, never to an error handler', async () => {
    const onError = vi.fn()
    const app = express().use(sse({ onError }))
    app.get('/', (_req, res) =>
      res.sse(async function* () {
        yield 'first'
        throw boom
      }),
    )
    const { errors } = handleErrors(app)
    const { url } = await serve(app)
    const events = await readEvents(url)
    expect(events.map(({ data }) => data)).toEqual(['first'])
    expect(onError.mock.calls).toEqual([[boom, { stage: 'source' }]])
    expect(errors).toEqual([])
  })

  it('[F1] an error after the client has gone goes there, too', async () => {
    const gone = deferred()
    const onError = vi.fn()
    const app = express().use(sse({ onError }))
    app.get('/', (_req, res) =>
      res.sse(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        gone.resolve()
        throw boom
      }),
    )
    const { errors } = handleErrors(app)
    const { port, url } = await serve(app)
    const client = new RawClient(port).request('GET /')
    await client.until(':\n\n')
    client.socket.destroy()
    await gone.promise
    await fetch(`${url}/nowhere`)
    expect(onError.mock.calls).toEqual([[boom, { stage: 'source' }]])
    expect(errors).toEqual([])
  })

  it('a response that has been sent is an error, as it is for `res.json`', async () => {
    const app = express().use(sse())
    app.get('/', (_req, res) => {
      res.json({ sent: true })
      void res.sse()
    })
    const { errors } = handleErrors(app)
    const response = await request(app).get('/')
    expect(response.body).toEqual({ sent: true })
    await vi.waitFor(() => expect(errors).toHaveLength(1))
  })

  it('[F1] a handler that throws while its stream is about to open is answered once', async () => {
    const page = 'x'.repeat(4 * 1024 * 1024)
    const hub = createHub()
    const onError = vi.fn()
    const app = express().use(sse({ hub, onError }))
    app.get(
      '/',
      catching(async (_req, res) => {
        void res.sse(hub.subscribe('a'))
        throw boom
      }),
    )
    const errors: unknown[] = []
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).send(page)
    }) satisfies ErrorRequestHandler)
    const { url } = await serve(app)
    const response = await fetch(url)
    expect(response.status).toBe(500)
    expect(await response.text()).toBe(page)
    expect(errors).toEqual([boom])
    expect(hub.size).toBe(0)
  })

  it('the answer to a second stream on a response is an error', async () => {
    const app = express().use(sse())
    app.get('/', async (_req, res) => {
      const stream = await res.sse()
      await res.sse(createHub().subscribe('a'))
      await stream.send('first')
      stream.close()
    })
    const { errors } = handleErrors(app)
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('retry: ')
    await vi.waitFor(() => expect(errors).toHaveLength(1))
    expect(client.received.match(/retry: /g)).toHaveLength(1)
  })
})

/** Answers each error with 500 and its message, and keeps it. */
function handleErrors(app: Express): { readonly errors: readonly unknown[]; readonly late: readonly unknown[] } {
  const errors: unknown[] = []
  const late: unknown[] = []
  app.use(((error, _req, res, next) => {
    errors.push(error)
    if (res.headersSent) next(error)
    else res.status(500).json({ error: error.message })
  }) satisfies ErrorRequestHandler)
  // A router never goes back: what comes when there was an answer already comes here.
  app.use(((error, _req, _res, next) => {
    late.push(error)
    next(error)
  }) satisfies ErrorRequestHandler)
  return { errors, late }
}

/** What Express 5 does by itself: hands on what an async handler throws. */
function catching(handler: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return (req, res, next) => void handler(req, res).catch(next)
}
