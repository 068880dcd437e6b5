import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferred } from '@sse/tooling/deferred'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BodyReader } from '../../test/body-reader.ts'
import { type Exchange, type StreamRequest, TRANSPORTS } from '../../test/transports.ts'
import { until } from '../../test/until.ts'
import { createHub } from '../hub/hub.ts'
import { readEvents } from '../testing/read-events.ts'
import { SseError } from '../wire/error.ts'
import type { CloseReason } from './host.ts'
import type { Source } from './source.ts'
import type { SseStream } from './stream.ts'

/** A stream that is not opened by the clock. */
const NEVER = { commitAfter: 1_000_000 }

describe.each(TRANSPORTS)('serve, on $name', ({ serve }) => {
  describe('opening', () => {
    it('[H3] writes nothing before a generator has given its first event, and then at once', async () => {
      const gate = deferred()
      const exchange = serve(
        (async function* () {
          await gate.promise
          yield { data: 'a' }
          await new Promise(() => {})
        })(),
        { options: NEVER },
      )
      expect(await isPending(exchange.response)).toBe(true)
      gate.resolve()
      const body = new BodyReader(await exchange.response)
      expect(await body.until('data: a\n\n')).toMatch(/^retry: \d+\n:\n\ndata: a\n\n$/)
    })

    it('[H3] opens with a first frame after `commitAfter`, where nothing comes', async () => {
      const body = new BodyReader(await serve(silent(), { options: { commitAfter: 5 } }).response)
      expect(await body.until('\n\n')).toMatch(/^retry: \d+\n:\n\n$/)
    })

    it('opens a promise after `commitAfter`, too', async () => {
      const body = new BodyReader(await serve(() => new Promise(() => {}), { options: { commitAfter: 5 } }).response)
      await body.until('\n\n')
    })

    it('opens with 100 ms of silence unless said otherwise', async () => {
      const began = performance.now()
      const { status } = await serve(silent()).response
      expect(status).toBe(200)
      expect(performance.now() - began).toBeGreaterThan(90)
    })

    it('opens a stream that ends without an event', async () => {
      const response = await serve((async function* (): AsyncGenerator<string> {})(), { options: NEVER }).response
      expect(response.status).toBe(200)
      expect(await response.text()).toMatch(/^retry: \d+\n:\n\n$/)
    })

    it('gives what a generator throws first to the framework, and writes nothing', async () => {
      const error = new Error('secret')
      const onError = vi.fn()
      const exchange = serve(failing(error), { options: { ...NEVER, onError } })
      expect(await exchange.settled).toEqual({ error })
      await expectFailed(exchange)
      expect(onError).not.toHaveBeenCalled()
    })

    it('[E8] gives an event that cannot be framed to the framework, and writes nothing', async () => {
      const exchange = serve(
        (async function* () {
          yield { id: 'a\nb', data: 'x' }
        })(),
        { options: NEVER },
      )
      expect(await exchange.settled).toMatchObject({ error: { code: 'SSE_INVALID_FIELD' } })
      await expectFailed(exchange)
    })

    it('gives what a generator throws after `commitAfter` to `onError`', async () => {
      const error = new Error('secret')
      const gate = deferred()
      const onError = vi.fn()
      const exchange = serve(
        (async function* () {
          await gate.promise
          yield Promise.reject(error)
        })(),
        { options: { commitAfter: 5, onError } },
      )
      const response = await exchange.response
      expect(await exchange.settled).toEqual({})
      gate.resolve()
      expect(await response.text()).toMatch(/^retry: \d+\n:\n\n$/)
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
    })

    it.each([undefined, 7, 'text', {}, [], Symbol('x')])('refuses %s as a source', async (source) => {
      // What a caller without types may pass.
      const exchange = serve(source as unknown as Source)
      const { error } = await exchange.settled
      expect(error).toBeInstanceOf(SseError)
      expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`source`') })
      await expectFailed(exchange)
    })

    it('refuses a hub, and says what to stream of it', async () => {
      const { error } = await serve(createHub() as unknown as Source).settled
      expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('hub.subscribe') })
    })

    it.each([7, 'text', {}, [], Symbol('x'), true])('refuses %s as what a function gives', async (given) => {
      const source = (): unknown => given
      // What a caller without types may pass.
      const exchange = serve(source as unknown as Source)
      const { error } = await exchange.settled
      expect(error).toBeInstanceOf(SseError)
      expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`source`') })
      await expectFailed(exchange)
    })
  })

  describe('a function', () => {
    it('that returns nothing holds the stream open until it is closed', async () => {
      const streams = deferred<SseStream>()
      const response = await serve((stream) => streams.resolve(stream), { options: NEVER }).response
      const body = new BodyReader(response)
      await body.until('\n\n')
      const stream = await streams.promise
      await stream.send('a')
      await body.until('data: a\n\n')
      stream.close()
      await body.toEnd()
      expect(await stream.closed).toBe('complete')
    })

    it('that gives a promise of nothing ends the stream when that is done', async () => {
      const response = await serve(
        async ({ send }) => {
          await send('a')
          await nextTurn()
          void send('b')
        },
        { options: NEVER },
      ).response
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['a', 'b'])
    })

    it.each<[string, (stream: SseStream) => Promise<unknown>]>([
      ['an event', (stream) => stream.send('a')],
      ['a comment', (stream) => stream.comment('a')],
    ])('opens with the first of what it sends: %s', async (_, send) => {
      const gate = deferred()
      const exchange = serve(
        async (stream) => {
          await gate.promise
          await send(stream)
          await new Promise(() => {})
        },
        { options: NEVER },
      )
      expect(await isPending(exchange.response)).toBe(true)
      gate.resolve()
      await new BodyReader(await exchange.response).until(' a\n\n')
    })

    it('that throws is the framework’s to answer', async () => {
      const error = new Error('secret')
      const exchange = serve(() => {
        throw error
      })
      expect(await exchange.settled).toEqual({ error })
      await expectFailed(exchange)
    })

    it('that rejects is the framework’s to answer', async () => {
      const error = new Error('secret')
      const exchange = serve(() => Promise.reject(error), { options: NEVER })
      expect(await exchange.settled).toEqual({ error })
      await expectFailed(exchange)
    })

    it.each<[string, (error: Error) => Source]>([
      [
        'throws',
        (error) =>
          ({ send }) => {
            void send('sent')
            throw error
          },
      ],
      [
        'rejects',
        (error) =>
          async ({ send }) => {
            await send('sent')
            throw error
          },
      ],
      [
        'rejects at once',
        (error) =>
          async ({ send }) => {
            void send('sent')
            throw error
          },
      ],
    ])('that %s after it has sent something ends the stream, and tells `onError` alone', async (_, sourceOf) => {
      const error = new Error('secret')
      const onError = vi.fn()
      const exchange = serve(sourceOf(error), { options: { ...NEVER, onError } })
      expect(await (await exchange.response).text()).toMatch(/^retry: \d+\n:\n\ndata: sent\n\n$/)
      expect(await exchange.settled).toEqual({})
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
    })

    it.each<[string, Source]>([
      ['a generator', () => numbers()],
      ['a promise of a generator', async () => numbers()],
      ['a function', () => () => numbers()],
      ['a promise of a function of a promise', async () => async () => numbers()],
      ['a ReadableStream', () => streamOf(numbers())],
      [
        'an observable',
        () => ({
          subscribe: (observer) => {
            for (const n of [1, 2, 3]) observer.next(String(n))
            observer.complete()
            return () => {}
          },
        }),
      ],
    ])('that gives %s streams it', async (_, source) => {
      const response = await serve(source, { options: NEVER }).response
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['1', '2', '3'])
    })

    it('that gives a subscription streams it', async () => {
      const hub = createHub()
      const response = await serve(() => hub.subscribe('a'), { options: NEVER }).response
      const reading = readEvents(response, { take: 1 })
      expect(hub.size).toBe(1)
      await hub.publish('a', { data: 'x' })
      expect(await reading).toMatchObject([{ data: 'x' }])
      await until(() => hub.size === 0)
    })

    it('[H16] that gives null is answered 204', async () => {
      const streams: SseStream[] = []
      const sources: Source[] = [
        (stream) => {
          streams.push(stream)
          return null
        },
        async (stream) => {
          streams.push(stream)
          return null
        },
      ]
      for (const source of sources) {
        const response = await serve(source, { options: NEVER }).response
        expect(response.status).toBe(204)
        expect(response.headers.get('content-type')).toBeNull()
      }
      expect(await Promise.all(streams.map(({ closed }) => closed))).toEqual(['complete', 'complete'])
    })

    it('that gives null after it has sent something ends the stream', async () => {
      const response = await serve(
        async ({ send }) => {
          await send('a')
          return null
        },
        { options: NEVER },
      ).response
      expect(response.status).toBe(200)
      expect(await readEvents(response)).toMatchObject([{ data: 'a' }])
    })

    it('that closes before it has sent anything gives an empty stream', async () => {
      const response = await serve(({ close }) => close(), { options: NEVER }).response
      expect(response.status).toBe(200)
      expect(await readEvents(response)).toEqual([])
    })
  })

  describe('null', () => {
    it('[H8] [H16] is answered 204, without the headers of a stream', async () => {
      const exchange = serve(null, { options: { headers: { 'X-Mine': 'yes' } } })
      const response = await exchange.response
      expect(response.status).toBe(204)
      expect(await response.text()).toBe('')
      expect(response.headers.get('content-type')).toBeNull()
      expect(response.headers.get('cache-control')).toBeNull()
      expect(response.headers.get('x-mine')).toBe('yes')
    })
  })

  describe('HEAD', () => {
    it('[H15] gets the headers of a stream, and starts no source', async () => {
      const hub = createHub()
      const started = vi.fn()
      const cancelled = vi.fn()
      const sources: Source[] = [
        started,
        (async function* () {
          started()
          yield 'a'
        })(),
        { subscribe: started },
        new ReadableStream({ pull: started, cancel: cancelled }, { highWaterMark: 0 }),
        hub.subscribe('**'),
      ]
      for (const source of sources) {
        const response = await serve(source, { method: 'HEAD', options: { headers: { 'X-Mine': 'yes' } } }).response
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
        expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
        expect(response.headers.get('x-mine')).toBe('yes')
        expect(await response.text()).toBe('')
      }
      expect(started).not.toHaveBeenCalled()
      expect(cancelled).toHaveBeenCalledOnce()
      expect(hub.size).toBe(0)
    })

    it('[H15] is answered 204 where there is nothing to come, as GET is', async () => {
      const { status } = await serve(null, { method: 'HEAD' }).response
      expect(status).toBe(204)
    })

    it('[H15] has the status of the stream', async () => {
      const { status } = await serve(silent(), { method: 'HEAD', options: { status: 201 } }).response
      expect(status).toBe(201)
    })
  })

  describe('a disconnect', () => {
    it('[H13] returns a generator that waits in `yield`', async () => {
      const { gone, response, leave } = await pausedIn(
        serve,
        (finished) =>
          async function* () {
            try {
              for (;;) yield 'x'.repeat(1_000)
            } finally {
              finished('complete')
            }
          },
      )
      expect(response.status).toBe(200)
      leave()
      expect(await gone).toBe('complete')
    })

    it('[H13] reaches the `finally` of a generator that waits for something quiet, by its signal', async () => {
      const { gone, response, leave } = await pausedIn(
        serve,
        (finished) =>
          async function* ({ signal }) {
            try {
              yield 'a'
              await aborted(signal)
            } finally {
              finished('complete')
            }
          },
      )
      expect(response.status).toBe(200)
      leave()
      expect(await gone).toBe('complete')
    })

    it('ends a source before the stream is open', async () => {
      const hub = createHub()
      const ended = deferred<CloseReason>()
      const started = deferred()
      const exchange = serve(
        async ({ signal, closed }) => {
          void closed.then(ended.resolve)
          started.resolve()
          await aborted(signal)
        },
        { options: { ...NEVER, hub } },
      )
      await started.promise
      expect(hub.size).toBe(1)
      exchange.leave()
      expect(await ended.promise).toBe('client')
      expect(hub.size).toBe(0)
      expect(await exchange.settled).toEqual({})
    })

    it.each<[string, (wait: (signal: AbortSignal) => Promise<never>) => Source]>([
      [
        'a function',
        (wait) =>
          ({ signal }) =>
            wait(signal),
      ],
      [
        'a function that has sent something',
        (wait) =>
          async ({ send, signal }) => {
            await send('a')
            await wait(signal)
          },
      ],
      [
        'a generator',
        (wait) =>
          async function* ({ signal }) {
            yield 'a'
            await wait(signal)
          },
      ],
    ])('that makes %s stop is no error, but what else goes wrong then is', async (_, sourceOf) => {
      const onError = vi.fn()
      const other = new Error('of the cleanup')
      for (const convert of [(reason: unknown) => reason, () => other]) {
        const waits = deferred()
        const failed = deferred()
        const wait = async (signal: AbortSignal): Promise<never> => {
          waits.resolve()
          try {
            return await aborted(signal)
          } catch (reason) {
            failed.resolve()
            throw convert(reason)
          }
        }
        const exchange = serve(sourceOf(wait), { options: { ...NEVER, onError } })
        await waits.promise
        exchange.leave()
        await failed.promise
        await nextTurns(2)
      }
      expect(onError.mock.calls).toEqual([[other, { stage: 'source' }]])
    })

    it('drops what a function gives after it', async () => {
      const gate = deferred()
      const started = deferred()
      const cancelled = deferred()
      const exchange = serve(
        async () => {
          started.resolve()
          await gate.promise
          return new ReadableStream({ cancel: () => cancelled.resolve() })
        },
        { options: NEVER },
      )
      await started.promise
      exchange.leave()
      await exchange.settled
      gate.resolve()
      await cancelled.promise
    })

    it('starts nothing of what a function gives after it', async () => {
      const gate = deferred()
      const started = deferred()
      const late = vi.fn()
      const exchange = serve(
        async () => {
          started.resolve()
          await gate.promise
          return late
        },
        { options: NEVER },
      )
      await started.promise
      exchange.leave()
      await exchange.settled
      gate.resolve()
      await nextTurns(2)
      expect(late).not.toHaveBeenCalled()
    })

    it('[H17] is said by the signal, and kills nothing but the iterator', async () => {
      const hub = createHub()
      const sent: boolean[] = []
      const work = deferred()
      const done = deferred<string>()
      const exchange = serve(
        async ({ send, signal }) => {
          sent.push(await send('a'))
          await aborted(signal).catch(() => {})
          await work.promise
          sent.push(await send('b'))
          done.resolve('the answer')
        },
        { options: { hub } },
      )
      await new BodyReader(await exchange.response).until('data: a')
      exchange.leave()
      await until(() => hub.size === 0)
      work.resolve()
      expect(await done.promise).toBe('the answer')
      expect(sent).toEqual([true, false])
    })

    it('before anything has begun starts nothing and leaves nothing', async () => {
      const hub = createHub()
      const started = vi.fn()
      const exchange = serve(
        async () => {
          started()
          return hub.subscribe('**')
        },
        { options: { hub } },
      )
      exchange.leave()
      await Promise.race([exchange.settled, nextTurns(20)])
      await until(() => hub.size === 0)
      for (const { bufferedBytes } of hub.connections) expect(bufferedBytes).toBe(0)
    })
  })

  describe('an error after open', () => {
    it('ends the stream after what was sent, and its message never reaches the client', async () => {
      const onError = vi.fn()
      const error = new Error('secret')
      const response = await serve(
        (async function* () {
          yield 'a'
          throw error
        })(),
        { options: { onError } },
      ).response
      expect(await response.text()).toMatch(/^retry: \d+\n:\n\ndata: a\n\n$/)
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
    })

    it('goes to the hub where the stream has no `onError`', async () => {
      const onError = vi.fn()
      const hub = createHub({ onError })
      const error = new Error('secret')
      const response = await serve(failing(error, 'a'), { options: { hub } }).response
      await response.text()
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
      expect(hub.stats().closed.error).toBe(1)
    })

    it('goes to the console where nobody listens', async () => {
      const write = vi.spyOn(console, 'error').mockImplementation(() => {})
      onTestFinished(() => write.mockRestore())
      const error = new Error('secret')
      await (await serve(failing(error, 'a')).response).text()
      expect(write.mock.calls).toEqual([['@sse/core: source:', error]])
    })

    it('ends the stream although `onError` throws, which is reported, too', async () => {
      const thrown = new Error('of onError')
      const heard = vi.fn()
      const hub = createHub({ onError: heard })
      const response = await serve(failing(new Error('secret'), 'a'), {
        options: {
          hub,
          onError: () => {
            throw thrown
          },
        },
      }).response
      expect(await response.text()).toContain('data: a\n\n')
      expect(heard.mock.calls).toEqual([[thrown, { stage: 'onError' }]])
    })

    it('[E8] refuses an event that cannot be framed, and sends nothing of it', async () => {
      const onError = vi.fn()
      const response = await serve(
        (async function* () {
          yield 'a'
          yield { id: '7', data: 1n }
          yield 'b'
        })(),
        { options: { onError } },
      ).response
      expect(await response.text()).toMatch(/^retry: \d+\n:\n\ndata: a\n\n$/)
      expect(onError.mock.calls).toMatchObject([[{ code: 'SSE_INVALID_FIELD' }, { stage: 'source' }]])
    })
  })
})

function serveAs(serve: (source: Source, request?: StreamRequest) => Exchange, source: Source): Exchange {
  return serve(source, { options: { commitAfter: 1_000_000 } })
}

/** A stream whose source has given something, and now waits. */
async function pausedIn(
  serve: (source: Source, request?: StreamRequest) => Exchange,
  make: (finished: (reason: CloseReason) => void) => (stream: SseStream) => AsyncGenerator<string>,
): Promise<{ gone: Promise<CloseReason>; response: Response; leave: () => void }> {
  const { promise: gone, resolve } = deferred<CloseReason>()
  const exchange = serveAs(serve, make(resolve))
  const response = await exchange.response
  await nextTurns(5)
  return { gone, response, leave: exchange.leave }
}

async function* silent(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield 'never'
}

async function* failing(error: Error, ...before: readonly string[]): AsyncGenerator<string> {
  yield* before
  throw error
}

function streamOf(events: AsyncGenerator<string>): ReadableStream<string> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await events.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
}

async function* numbers(): AsyncGenerator<string> {
  for (const n of [1, 2, 3]) yield String(n)
}

/** Rejects when a signal is aborted, as what takes a signal does. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

async function expectFailed({ response }: Exchange): Promise<void> {
  const { status, headers } = await response
  expect(status).toBe(500)
  expect(headers.get('content-type') ?? '').not.toContain('event-stream')
  expect(await (await response).text()).toBe('failed')
}

async function nextTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, nextTurns(20).then(() => pending)])) === pending
}
