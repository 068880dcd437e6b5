import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferred } from '@sse/tooling/deferred'
import { concat, EMPTY, interval, map, NEVER, type Observable, of, Observable as Rx, Subject, throwError } from 'rxjs'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { BodyReader } from '../../test/body-reader.ts'
import { TRANSPORTS } from '../../test/transports.ts'
import { until } from '../../test/until.ts'
import { createHub } from '../hub/hub.ts'
import { readEvents } from '../testing/read-events.ts'
import type { SseEvent } from '../wire/event.ts'
import { dropSource, type ObservableLike, type Source } from './source.ts'
import type { SseStream } from './stream.ts'

/** A stream that is not opened by the clock. */
const LAZY = { commitAfter: 1_000_000 }

describe.each(TRANSPORTS)('a source, on $name', ({ serve }) => {
  describe('that is an async iterable', () => {
    it('gives events and the data of events', async () => {
      const response = await serve(iterate(['a', { data: { b: 1 }, event: 'e', id: '7' }, { comment: 'c' }, '']))
        .response
      expect(await response.text()).toMatch(
        /^retry: \d+\n:\n\ndata: a\n\nevent: e\ndata: \{"b":1\}\nid: 7\n\n: c\n\ndata: \n\n$/,
      )
    })

    it('is serialized by the hub, if there is one', async () => {
      const hub = createHub({ serialize: (data) => `<${data}>` })
      const response = await serve(iterate([{ data: 1 }, 'as it is']), { options: { hub } }).response
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['<1>', 'as it is'])
    })

    it('[H6] is read no faster than the client reads', async () => {
      let given = 0
      const event = 'x'.repeat(10_000)
      const source = async function* (): AsyncGenerator<string> {
        for (; given < 5_000; given++) yield event
      }
      const body = new BodyReader(await serve(source(), { options: LAZY }).response)
      await body.until('\n\n')
      let settledAt = -1
      await until(async () => {
        settledAt = given
        for (let i = 0; i < 200; i++) await nextTurn()
        return given === settledAt
      })
      // 50 MB are to come; the kernel's buffers and those of `fetch` hold some of it.
      expect(given).toBeLessThan(2_000)
      await body.toEnd()
      expect(given).toBe(5_000)
    })

    it('gives 100,000 events in order, and the event loop its turns', async () => {
      let turns = 0
      let isDone = false
      const count = async (): Promise<void> => {
        for (; !isDone; turns++) await nextTurn()
      }
      const counting = count()
      const source = async function* (): AsyncGenerator<SseEvent> {
        for (let i = 0; i < 100_000; i++) yield { id: String(i), data: 'some text of a model' }
      }
      const response = await serve(source(), { options: LAZY }).response
      let next = 0
      for await (const { id, data } of readEvents(response)) {
        if (id !== String(next) || data !== 'some text of a model') throw new Error(`${id} came instead of ${next}`)
        next++
      }
      isDone = true
      await counting
      expect(next).toBe(100_000)
      // 4 MB, at most 256 KiB a turn.
      expect(turns).toBeGreaterThan(10)
    })

    it('[H13] is returned, once, without waiting for a value that never comes', async () => {
      const returned = vi.fn(async () => ({ done: true as const, value: undefined }))
      const next = vi.fn(() => new Promise<IteratorResult<string>>(() => {}))
      const source = { [Symbol.asyncIterator]: () => ({ next, return: returned }) }
      const exchange = serve(source, { options: { commitAfter: 0 } })
      await exchange.response
      exchange.leave()
      await until(() => returned.mock.calls.length > 0)
      await nextTurn()
      expect(returned).toHaveBeenCalledOnce()
      expect(next).toHaveBeenCalledOnce()
    })

    it('need not have a `return`', async () => {
      const onError = vi.fn()
      const hub = createHub()
      const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}) }) }
      const exchange = serve(source, { options: { commitAfter: 0, hub, onError } })
      await exchange.response
      exchange.leave()
      await until(() => hub.size === 0)
      await nextTurn()
      expect(onError).not.toHaveBeenCalled()
    })

    it.each<[string, () => Promise<IteratorResult<string>>]>([
      ['rejects', () => Promise.reject(new Error('of the return'))],
      [
        'throws',
        () => {
          throw new Error('of the return')
        },
      ],
    ])('is heard when its `return` %s', async (_, giveBack) => {
      const onError = vi.fn()
      const source = {
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}), return: giveBack }),
      }
      const exchange = serve(source, { options: { commitAfter: 0, onError } })
      await exchange.response
      exchange.leave()
      await until(() => onError.mock.calls.length > 0)
      expect(onError.mock.calls).toEqual([[new Error('of the return'), { stage: 'source' }]])
    })

    it('is returned when it gives what cannot be framed', async () => {
      const finished = vi.fn()
      const source = async function* (): AsyncGenerator<SseEvent> {
        try {
          yield { event: 'a\n', data: '' }
        } finally {
          finished()
        }
      }
      expect(await serve(source(), { options: LAZY }).settled).toMatchObject({ error: { code: 'SSE_INVALID_FIELD' } })
      await until(() => finished.mock.calls.length > 0)
    })

    it('that fails is not returned: it has ended', async () => {
      const returned = vi.fn(async () => ({ done: true as const, value: undefined }))
      const error = new Error('of the source')
      const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error), return: returned }) }
      expect(await serve(source, { options: LAZY }).settled).toEqual({ error })
      await nextTurn()
      expect(returned).not.toHaveBeenCalled()
    })

    it('that cannot be iterated is the framework’s to answer', async () => {
      const error = new Error('of the source')
      const source = {
        [Symbol.asyncIterator]: () => {
          throw error
        },
      }
      expect(await serve(source, { options: LAZY }).settled).toEqual({ error })
    })
  })

  describe('that is a ReadableStream', () => {
    it('gives its events', async () => {
      const source = new ReadableStream<SseEvent | string>({
        start(controller) {
          controller.enqueue('a')
          controller.enqueue({ data: 2 })
          controller.close()
        },
      })
      expect((await readEvents(await serve(source).response)).map(({ data }) => data)).toEqual(['a', '2'])
    })

    it('is cancelled when the client goes, while it waits', async () => {
      const cancelled = deferred()
      const source = new ReadableStream<string>({ cancel: () => cancelled.resolve() })
      const exchange = serve(source, { options: { commitAfter: 0 } })
      await exchange.response
      exchange.leave()
      await cancelled.promise
    })

    it('that fails first is the framework’s to answer, and later `onError`’s', async () => {
      const error = new Error('of the source')
      const failing = new ReadableStream<string>({ pull: (controller) => controller.error(error) })
      expect(await serve(failing, { options: LAZY }).settled).toEqual({ error })
      const onError = vi.fn()
      const later = new ReadableStream<string>(
        {
          start: (controller) => controller.enqueue('a'),
          pull: async (controller) => {
            await nextTurn()
            await nextTurn()
            controller.error(error)
          },
        },
        { highWaterMark: 0 },
      )
      expect(await readEvents(await serve(later, { options: { onError } }).response)).toMatchObject([{ data: 'a' }])
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
    })

    it('that somebody else reads is the framework’s to answer', async () => {
      const source = new ReadableStream<string>()
      source.getReader()
      expect(await serve(source, { options: LAZY }).settled).toMatchObject({ error: { name: 'TypeError' } })
    })
  })

  describe('that is an observable', () => {
    it('gives its events, also when it completes before `subscribe` has returned', async () => {
      const response = await serve(of('a', { data: 2 }, 'c'), { options: LAZY }).response
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['a', '2', 'c'])
    })

    it('gives what comes later', async () => {
      const source = interval(2).pipe(map((n) => ({ data: { n } })))
      const events = await readEvents(await serve(source, { options: LAZY }).response, { take: 3 })
      expect(events.map(({ data }) => data)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}'])
    })

    it('that is empty is an empty stream', async () => {
      expect(await readEvents(await serve(EMPTY, { options: LAZY }).response)).toEqual([])
    })

    it('that fails first is the framework’s to answer', async () => {
      const error = new Error('of the source')
      expect(
        await serve(
          throwError(() => error),
          { options: LAZY },
        ).settled,
      ).toEqual({ error })
    })

    it('that fails without an error fails all the same', async () => {
      const source: ObservableLike = {
        subscribe: ({ error }) => {
          error(undefined)
          return () => {}
        },
      }
      expect(await serve(source, { options: LAZY }).settled).toMatchObject({ error: { code: 'SSE_CLOSED' } })
    })

    it('that fails later ends the stream after what it gave, and tells `onError`', async () => {
      const error = new Error('of the source')
      const onError = vi.fn()
      const source = concat(
        of('a', 'b'),
        throwError(() => error),
      )
      const response = await serve(source, { options: { ...LAZY, onError } }).response
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['a', 'b'])
      expect(onError.mock.calls).toEqual([[error, { stage: 'source' }]])
    })

    it('whose `subscribe` throws is the framework’s to answer', async () => {
      const error = new Error('of the source')
      const subscribe = (): never => {
        throw error
      }
      expect(await serve({ subscribe }, { options: LAZY }).settled).toEqual({ error })
    })

    it.each([
      ['with a subscription', (teardown: () => void) => new Rx<string>(() => teardown)],
      ['with a function', (teardown: () => void): ObservableLike => ({ subscribe: () => teardown })],
    ])('is unsubscribed, %s, when the client goes', async (_, sourceOf) => {
      const teardown = vi.fn()
      const exchange = serve(sourceOf(teardown), { options: { commitAfter: 0 } })
      await exchange.response
      expect(teardown).not.toHaveBeenCalled()
      exchange.leave()
      await until(() => teardown.mock.calls.length > 0)
      await nextTurn()
      expect(teardown).toHaveBeenCalledOnce()
    })

    it('is unsubscribed when it gives what cannot be framed', async () => {
      const subject = new Subject<SseEvent>()
      const onError = vi.fn()
      const response = await serve(subject, { options: { commitAfter: 0, onError } }).response
      expect(subject.observed).toBe(true)
      subject.next({ data: 'a' })
      subject.next({ id: 'a\nb' })
      subject.next({ data: 'c' })
      expect(subject.observed).toBe(false)
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['a'])
      expect(onError.mock.calls).toMatchObject([[{ code: 'SSE_INVALID_FIELD' }, { stage: 'source' }]])
    })

    it('is unsubscribed when it gives that before `subscribe` has returned', async () => {
      const teardown = vi.fn()
      const source = new Rx<SseEvent>((subscriber) => {
        subscriber.next({ id: '\n' })
        return teardown
      })
      expect(await serve(source, { options: LAZY }).settled).toMatchObject({ error: { code: 'SSE_INVALID_FIELD' } })
      expect(teardown).toHaveBeenCalledOnce()
    })

    it('says nothing more once it has completed, whatever it does', async () => {
      const onError = vi.fn()
      const late = deferred<Parameters<ObservableLike['subscribe']>[0]>()
      const source: ObservableLike = {
        subscribe: (observer) => {
          observer.next('a')
          observer.complete()
          observer.next('late')
          late.resolve(observer)
          return () => {}
        },
      }
      const response = await serve(source, { options: { ...LAZY, onError } }).response
      const observer = await late.promise
      observer.next('b')
      observer.error(new Error('late'))
      observer.complete()
      expect((await readEvents(response)).map(({ data }) => data)).toEqual(['a'])
      expect(onError).not.toHaveBeenCalled()
    })

    it('[H6] that gives more than the client takes is ended: slow', async () => {
      const streams = deferred<SseStream>()
      const subject = new Subject<string>()
      const exchange = serve(
        (stream) => {
          streams.resolve(stream)
          return subject
        },
        { options: { commitAfter: 0, maxBufferedBytes: 50_000 } },
      )
      await exchange.response
      const stream = await streams.promise
      let given = 0
      await until(() => {
        subject.next('x'.repeat(10_000))
        given++
        return !subject.observed
      })
      expect(await stream.closed).toBe('slow')
      expect(given).toBeGreaterThan(5)
    })

    it('is typed as one', () => {
      expectTypeOf<Observable<{ data: number }>>().toExtend<Source>()
      expectTypeOf<Observable<string>>().toExtend<ObservableLike>()
      expectTypeOf(NEVER).toExtend<Source>()
    })
  })
})

describe('dropSource', () => {
  it('cancels a stream that nobody has begun to read', async () => {
    const cancel = vi.fn()
    dropSource(new ReadableStream({ cancel }))
    const locked = new ReadableStream({ cancel })
    locked.getReader()
    dropSource(locked)
    dropSource(new ReadableStream({ cancel: () => Promise.reject(new Error('of the test')) }))
    for (const nothing of [null, undefined, 7, {}, () => {}]) dropSource(nothing)
    await nextTurn()
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('destroys a stream of Node’s, which may hold a file', () => {
    const readable = Readable.from(['a'])
    dropSource(readable)
    expect(readable.destroyed).toBe(true)
  })
})

async function* iterate(events: readonly (SseEvent | string)[]): AsyncGenerator<SseEvent | string> {
  yield* events
}
