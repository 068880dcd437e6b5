import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { deferred } from '@sse/tooling/deferred'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BodyReader } from '../../test/body-reader.ts'
import { stopClock } from '../../test/clock.ts'
import { serveHttp, type TestServer } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { type Exchange, type StreamRequest, TRANSPORTS } from '../../test/transports.ts'
import { until } from '../../test/until.ts'
import { Audience } from '../hub/audience.ts'
import { Cursor } from '../hub/cursor.ts'
import { createHub, type Hub } from '../hub/hub.ts'
import { eventStream as nodeStream } from '../node/event-stream.ts'
import { SseError } from '../wire/error.ts'
import { Connection } from './connection.ts'
import { eventStream } from './event-stream.ts'
import type { Source } from './source.ts'
import type { SseStream } from './stream.ts'
import { WebSink } from './web-sink.ts'

const SECOND = 1_000
/** What slow clients are sent, in one piece. */
const EVENT = 'x'.repeat(500_000)

describe.each(TRANSPORTS)('a connection, on $name', ({ serve }) => {
  describe('a stream', () => {
    it('has methods that may be taken off it', async () => {
      const { stream, body } = await opened(serve)
      const { send, comment, close } = stream
      expect(await send('a')).toBe(true)
      expect(await send({ event: 'e', data: { b: 1 } })).toBe(true)
      expect(await comment('c')).toBe(true)
      expect(await comment()).toBe(true)
      close()
      expect(await body.toEnd()).toMatch(/\n\ndata: a\n\nevent: e\ndata: \{"b":1\}\n\n: c\n\n: \n\n$/)
    })

    it('sends what is not awaited in order', async () => {
      const { stream, body } = await opened(serve)
      const sent = Array.from({ length: 1_000 }, (_, i) => stream.send(String(i)))
      stream.close()
      expect(await Promise.all(sent)).toEqual(Array(1_000).fill(true))
      expect((await body.toEnd()).match(/(?<=data: )\d+/g)).toEqual(Array.from(sent.keys(), String))
    })

    it('[E1] sends a comment of several lines', async () => {
      const { stream, body } = await opened(serve)
      await stream.comment('a\r\nb\rc\ndata: d')
      expect(await body.until(/d\n\n/)).toMatch(/\n\n: a\n: b\n: c\n: data: d\n\n$/)
    })

    it('[E2] [E8] refuses what cannot be framed at once, and sends nothing of it', async () => {
      const { stream, body } = await opened(serve)
      for (const event of [{ id: 'a\nb', data: 'x' }, { event: 'x' }, {}, { data: () => {} }, { retry: -1 }]) {
        expect(() => stream.send(event)).toThrow(SseError)
      }
      expect(() => stream.comment('\ud800')).toThrow(SseError)
      await stream.send('next')
      expect(await body.until('next\n\n')).toMatch(/^retry: \d+\n:\n\ndata: next\n\n$/)
    })

    it('sends nothing more once it is closed, and says so', async () => {
      const { stream, body } = await opened(serve)
      const sent = stream.send('a')
      stream.close()
      expect(await sent).toBe(true)
      expect([await stream.send('b'), await stream.comment('c')]).toEqual([false, false])
      stream.close()
      expect(await body.toEnd()).toMatch(/data: a\n\n$/)
      expect(await stream.closed).toBe('complete')
      expect(stream.signal.aborted).toBe(true)
    })

    it('says by `signal` and `closed` that the client has gone', async () => {
      const { stream, exchange } = await opened(serve)
      const { signal } = stream
      expect(signal.aborted).toBe(false)
      const heard = new Promise((resolve) => signal.addEventListener('abort', resolve))
      exchange.leave()
      await heard
      expect(await stream.closed).toBe('client')
      expect(stream.signal).toBe(signal)
    })

    it('[H4] settles what waits for a slow client when that goes', async () => {
      const { stream, exchange } = await opened(serve)
      const { waiting } = await fill(stream)
      expect(await isPending(waiting)).toBe(true)
      exchange.leave()
      expect(await waiting).toBe(false)
      expect(await stream.closed).toBe('client')
    })

    it('resolves what waits for a slow client when that reads on', async () => {
      const { stream, body } = await opened(serve)
      const { waiting } = await fill(stream)
      const read = body.toEnd()
      expect(await waiting).toBe(true)
      stream.close()
      await read
    })

    it('[H6] is cut when more waits for a slow client than may: slow', async () => {
      const hub = createHub()
      const { stream, body } = await opened(serve, { options: { hub, maxBufferedBytes: 100_000 } })
      let isOver = false
      void stream.closed.then(() => {
        isOver = true
      })
      const sent: Promise<boolean>[] = []
      let most = 0
      while (!isOver) {
        sent.push(stream.send('x'.repeat(10_000)))
        for (const { bufferedBytes } of hub.connections) most = Math.max(most, bufferedBytes)
        await nextTurn()
      }
      expect(await stream.closed).toBe('slow')
      expect((await Promise.all(sent)).at(-1)).toBe(false)
      // What may wait, one event more, and what the sink holds itself.
      expect(most).toBeLessThan(100_000 + 20_000 + 80_000)
      expect(hub.stats().closed.slow).toBe(1)
      await expect(body.toEnd()).rejects.toThrow()
    })

    it('is given everything that was sent when it ends, however slow', async () => {
      const { stream, body } = await opened(serve)
      await fill(stream)
      for (let i = 0; i < 50; i++) void stream.send(`last ${i}`)
      stream.close()
      expect(await body.toEnd()).toMatch(/data: last 48\n\ndata: last 49\n\n$/)
    })
  })

  it('that is not open yet is listed with the time at which its client came', async () => {
    const hub = createHub()
    const before = Date.now()
    const release = deferred<null>()
    const { response } = serve(() => release.promise, { options: { hub } })
    await until(() => hub.size === 1)
    const [info] = hub.connections
    expect(info?.openedAt.getTime()).toBeGreaterThanOrEqual(before)
    release.resolve(null)
    await response
  })

  describe('a subscription', () => {
    it('takes own events between its frames', async () => {
      const hub = createHub()
      const streams = deferred<SseStream>()
      const response = await serve((stream) => {
        streams.resolve(stream)
        void stream.send({ event: 'hello', data: 'first' })
        return hub.subscribe('a')
      }).response
      const stream = await streams.promise
      const body = new BodyReader(response)
      await body.until('first\n\n')
      const id = await hub.publish('a', { data: 'published' })
      await body.until(`published\nid: ${id}\n\n`)
      await stream.send({ event: 'own', data: 'sent' })
      expect(await body.until('sent\n\n')).toMatch(/published\nid: \S+\n\nevent: own\ndata: sent\n\n$/)
    })

    it.each([
      ['in the same turn', (): Promise<void> => Promise.resolve()],
      ['later, in an open stream', nextTurn],
    ])('comes after what was sent before it was returned, %s', async (_, wait) => {
      const hub = createHub()
      for (const data of ['replayed', 'too']) await hub.publish('a', { data })
      const response = await serve(async (stream) => {
        await wait()
        void stream.send('first')
        return hub.subscribe('a', { replay: 'all' })
      }).response
      const text = await new BodyReader(response).until(/too\nid: \S+\n\n/)
      expect(text.match(/(?<=data: )\w+/g)).toEqual(['first', 'replayed', 'too'])
    })

    it('[E9] refuses an `id` there: they are the hub’s', async () => {
      const hub = createHub()
      const { stream, body } = await opened(serve, {}, hub.subscribe('a'))
      for (const id of ['7', '']) {
        expect(() => stream.send({ id, data: 'x' })).toThrow(/`id`/)
      }
      await stream.send('without')
      expect(await body.until('without\n\n')).not.toMatch(/^id: 7?$/m)
    })

    it('[E9] has a cursor that own events and comments do not move', async () => {
      const hub = createHub()
      const { stream, body } = await opened(serve, {}, hub.subscribe('a'))
      const id = await hub.publish('a', { data: 'x' })
      await body.until(id)
      await stream.send('own')
      await stream.comment('own')
      expect([...hub.connections][0]?.cursor).toBe(id)
      await body.until(': own\n\n')
      expect(body.text.match(/id: .*/g)?.at(-1)).toBe(`id: ${id}`)
    })

    it('brings its hub along', async () => {
      const [mine, other] = [createHub(), createHub()]
      await opened(serve, { options: { hub: mine } }, other.subscribe('a'))
      await until(() => other.size === 1)
      expect(mine.size).toBe(0)
    })

    it('brings its hub along for a stream that is open already', async () => {
      const [mine, other] = [createHub(), createHub()]
      const gate = deferred()
      const exchange = serve(
        async ({ send }) => {
          await send('own')
          await gate.promise
          return other.subscribe('a')
        },
        { options: { hub: mine } },
      )
      const body = new BodyReader(await exchange.response)
      await body.until('own')
      expect([mine.size, other.size]).toEqual([1, 0])
      gate.resolve()
      await until(() => other.size === 1)
      expect(mine.size).toBe(0)
      const id = await other.publish('a', { data: 'x' })
      await body.until(`data: x\nid: ${id}\n\n`)
      exchange.leave()
      await until(() => other.size === 0)
    })
  })

  describe('the first frame', () => {
    it('tells when to come back: the stream’s, else the hub’s, else 2 to 5 s', async () => {
      const hub = createHub({ retry: 7 })
      const retryOf = async (options: StreamRequest['options'] = {}): Promise<number> => {
        const { body } = await opened(serve, { options })
        return Number(/^retry: (\d+)\n/.exec(body.text)?.[1])
      }
      expect(await retryOf({ retry: 0 })).toBe(0)
      expect(await retryOf({ retry: 2_147_483_647, hub })).toBe(2_147_483_647)
      expect(await retryOf({ hub })).toBe(7)
      const drawn = await retryOf()
      expect(drawn).toBeGreaterThanOrEqual(2_000)
      expect(drawn).toBeLessThanOrEqual(5_000)
    })

    it('[E9] [E10] is no event: a comment, or, for a hub’s stream, an id', async () => {
      const hub = createHub()
      expect((await opened(serve)).body.text).toMatch(/^retry: \d+\n:\n\n$/)
      const { ring } = hub.stats()
      expect(ring.events).toBe(0)
      const body = new BodyReader(await serve(hub.subscribe('a')).response)
      await body.until('\n\n')
      expect(body.text).toBe(`${/^retry: \d+\n/.exec(body.text)?.[0]}id: ${hub.stats().ring.head}\n\n`)
    })
  })

  describe('a heartbeat', () => {
    it('[P5] is a comment every 15 s where nothing else is said', async () => {
      stopClock()
      const { body } = await opened(serve, { options: { hub: createHub() } })
      for (let i = 1; i <= 3; i++) {
        vi.advanceTimersByTime(16 * SECOND)
        await body.until(new RegExp(`^retry: \\d+\\n:\\n\\n(:\\n\\n){${i}}$`))
      }
    })

    it('[P5] comes as often as the hub says, and not where something is sent anyway', async () => {
      stopClock()
      const hub = createHub({ heartbeat: 4 * SECOND })
      const [quiet, busy] = [await opened(serve, { options: { hub } }), await opened(serve, { options: { hub } })]
      for (let i = 0; i < 8; i++) {
        await busy.stream.send(String(i))
        vi.advanceTimersByTime(SECOND)
      }
      await quiet.body.until(/\n\n:\n\n:\n\n$/)
      expect(await busy.body.until('data: 7\n\n')).not.toMatch(/\n\n:\n\n/)
    })

    it('does not come where the hub says so', async () => {
      stopClock()
      const hub = createHub({ heartbeat: false })
      const { stream, body } = await opened(serve, { options: { hub } })
      vi.advanceTimersByTime(3600 * SECOND)
      await stream.send('a')
      expect(await body.until('data: a')).toMatch(/^retry: \d+\n:\n\ndata: a\n\n$/)
    })

    it('[E10] carries the newest id that a quiet client has passed, once', async () => {
      stopClock()
      const hub = createHub()
      const body = new BodyReader(await serve(hub.subscribe('mine')).response)
      await body.until('\n\n')
      await hub.publish('others', { data: 'x' })
      const id = await hub.publish('others', { data: 'y' })
      await nextTurn()
      vi.advanceTimersByTime(16 * SECOND)
      await body.until(`id: ${id}\n\n`)
      vi.advanceTimersByTime(16 * SECOND)
      await body.until(/\n\n:\n\n$/)
      expect(body.text.split(id)).toHaveLength(2)
      expect(body.text).not.toContain('data:')
    })

    it('is a comment where clients dispatch frames of an id alone', async () => {
      stopClock()
      const hub = createHub({ checkpoints: false })
      const body = new BodyReader(await serve(hub.subscribe('mine')).response)
      await body.until('\n\n')
      const id = await hub.publish('others', { data: 'x' })
      await nextTurn()
      vi.advanceTimersByTime(16 * SECOND)
      await body.until(/\n\n:\n\n$/)
      expect(body.text).not.toContain(id)
    })

    it('is not added to what a slow client has not taken', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 3600 * SECOND, heartbeat: 4 * SECOND })
      const { stream } = await opened(serve, { options: { hub } })
      await fill(stream)
      const before = hub.stats().bytes
      vi.advanceTimersByTime(60 * SECOND)
      await nextTurn()
      // On a busy machine the kernel may take the event that waits.
      expect([0, 'data: \n\n'.length + EVENT.length]).toContain(hub.stats().bytes - before)
    })
  })

  describe('`stallTimeout`', () => {
    it('[S9] [H5] cuts a client that takes nothing, within the time and a tick', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 8 * SECOND })
      const { stream, body } = await opened(serve, { options: { hub } })
      const { waiting } = await fill(stream)
      let seconds = 0
      await until(async () => {
        vi.advanceTimersByTime(SECOND)
        seconds++
        await nextTurn()
        return hub.size === 0
      })
      expect(seconds).toBeGreaterThanOrEqual(8)
      expect(seconds).toBeLessThanOrEqual(10)
      expect(await stream.closed).toBe('stalled')
      expect(await waiting).toBe(false)
      expect(hub.stats().closed.stalled).toBe(1)
      await expect(body.toEnd()).rejects.toThrow()
    })

    it('lets a client be that has taken everything, however quiet it is', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 2 * SECOND, heartbeat: false })
      const { stream, body } = await opened(serve, { options: { hub } })
      await stream.send('a')
      await body.until('data: a\n\n')
      vi.advanceTimersByTime(600 * SECOND)
      expect(hub.size).toBe(1)
      await stream.send('b')
      await body.until('data: b\n\n')
    })
  })

  describe('`expiresAt`', () => {
    it('ends a stream within a second, after what was sent', async () => {
      stopClock()
      const hub = createHub()
      const expiresAt = new Date(Date.now() + 10 * SECOND)
      const { stream, body } = await opened(serve, { options: { hub, expiresAt } })
      vi.advanceTimersByTime(9 * SECOND)
      expect(hub.size).toBe(1)
      void stream.send('last')
      await nextTurn()
      vi.advanceTimersByTime(2 * SECOND)
      expect(hub.size).toBe(0)
      expect(await stream.closed).toBe('expired')
      expect(await body.toEnd()).toMatch(/data: last\n\n$/)
    })

    it('that has passed ends a stream as it opens: nothing of its source is sent', async () => {
      const onClose = vi.fn()
      const hub = createHub({ onClose })
      await hub.publish('a', { data: 'secret' })
      const run = vi.fn()
      for (const source of [hub.subscribe('a', { replay: 'all' }), run]) {
        const { response } = serve(source, { options: { hub, expiresAt: Date.now() - 1 } })
        expect(await new BodyReader(await response).toEnd()).toMatch(/^retry: \d+\n:\n\n$/)
      }
      expect(run).not.toHaveBeenCalled()
      expect(onClose.mock.calls.map(([, reason]) => reason)).toEqual(['expired', 'expired'])
      expect(hub.size).toBe(0)
    })

    it('ends a stream that is not open yet within a second, too', async () => {
      stopClock()
      const hub = createHub()
      const aborted = vi.fn()
      const source: Source = ({ signal }) => new Promise(() => signal.addEventListener('abort', aborted))
      const options = { hub, expiresAt: Date.now() + 5 * SECOND, commitAfter: 100 * SECOND }
      const { response } = serve(source, { options })
      await until(() => hub.size === 1)
      vi.advanceTimersByTime(6 * SECOND)
      expect(aborted).toHaveBeenCalledOnce()
      expect(hub.size).toBe(0)
      expect(await new BodyReader(await response).toEnd()).toMatch(/^retry: \d+\n:\n\n$/)
    })

    it('leaves no timer behind where the client was refused, or got no stream', async () => {
      stopClock()
      const hub = createHub({ limits: { connections: 0 } })
      for (const source of [() => {}, null]) {
        await serve(source, { options: { hub, expiresAt: Date.now() + SECOND } }).response
      }
      expect(vi.getTimerCount()).toBe(0)
    })

    it.each([Date.now() + 2 ** 40, new Date(8.64e15)])('may be later than any timer: %s', async (expiresAt) => {
      stopClock()
      const hub = createHub()
      await opened(serve, { options: { hub, expiresAt } })
      vi.advanceTimersByTime(10 * SECOND)
      expect(hub.size).toBe(1)
    })
  })

  describe('what a hub shows', () => {
    it('is a picture of the moment', async () => {
      const hub = createHub()
      const onClose = vi.fn()
      const watched = createHub({ onClose })
      const began = Date.now()
      const { stream } = await opened(serve, { options: { hub: watched, principal: 'me', address: '192.0.2.1' } })
      const [info] = watched.connections
      expect(info).toMatchObject({
        id: expect.stringMatching(/^\d+$/),
        principal: 'me',
        address: '192.0.2.1',
        topics: [],
        cursor: undefined,
        state: 'live',
        bufferedBytes: expect.any(Number),
      })
      expect(info?.openedAt.getTime()).toBeGreaterThanOrEqual(began)
      await fill(stream)
      expect([...watched.connections][0]).toMatchObject({ state: 'lagging' })
      expect([...watched.connections][0]?.bufferedBytes).toBeGreaterThan(10_000)
      expect(info?.state).toBe('live')
      await opened(serve, {}, hub.subscribe(['a', 'b/*']))
      expect([...hub.connections][0]).toMatchObject({ topics: ['a', 'b/*'], cursor: hub.stats().ring.head })
      stream.close()
      expect(onClose.mock.calls).toMatchObject([[{ id: info?.id }, 'complete']])
    })
  })

  describe('without room', () => {
    const FULL = { limits: { connections: 0 } }

    it('[H8] tells an `EventSource` to come back, with a status that lets it', async () => {
      const hub = createHub(FULL)
      for (const source of [hub.subscribe('a'), silent()]) {
        const headers = { Accept: 'text/event-stream' }
        const response = await serve(source, { headers, options: { hub } }).response
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
        const delay = Number(/^retry: (\d+)\n\n$/.exec(await response.text())?.[1])
        expect(delay).toBeGreaterThanOrEqual(5_000)
        expect(delay).toBeLessThanOrEqual(15_000)
      }
    })

    it.each([
      [FULL, 503],
      [{ limits: { perPrincipal: 0 } }, 429],
      [{ limits: { perAddress: 0 } }, 429],
    ])('tells everyone else by status and `Retry-After`: %o', async (hubOptions, status) => {
      const hub = createHub(hubOptions)
      const options = { hub, principal: 'me', address: '192.0.2.1' }
      const started = vi.fn()
      const response = await serve(started, { options }).response
      expect(response.status).toBe(status)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
      expect(started).not.toHaveBeenCalled()
      expect(hub.size).toBe(0)
    })

    it('in the hub of a subscription ends a stream that is open already', async () => {
      const full = createHub(FULL)
      const streams = deferred<SseStream>()
      const { response } = serve(async (stream) => {
        streams.resolve(stream)
        await stream.send('own')
        return full.subscribe('a')
      })
      expect(await (await response).text()).toMatch(/data: own\n\n$/)
      expect(await (await streams.promise).closed).toBe('limit')
    })
  })

  describe('[H12] afterwards', () => {
    it('leaves no timer behind', async () => {
      stopClock()
      const hub = createHub()
      const exchanges = Array.from({ length: 10 }, () => serve(hub.subscribe('a')))
      for (const { response } of exchanges) await response
      expect(hub.size).toBe(10)
      expect(vi.getTimerCount()).toBe(1)
      for (const { leave } of exchanges) leave()
      await until(() => hub.size === 0)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('leaves no timer behind when it ends after a quiet time', async () => {
      stopClock()
      const hub = createHub({ heartbeat: false })
      const { stream, body } = await opened(serve, { options: { hub } })
      vi.advanceTimersByTime(60 * SECOND)
      expect(vi.getTimerCount()).toBe(1)
      stream.close()
      await body.toEnd()
      await until(() => vi.getTimerCount() === 0)
    })
  })
})

describe('[H12] a connection', () => {
  it('whose client goes before the stream is open leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const client = new AbortController()
    const request = new Request('http://localhost/', { signal: client.signal })
    const answer = eventStream(request, silent(), { commitAfter: 1_000 })
    expect(vi.getTimerCount()).toBe(1)
    client.abort()
    await answer
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that has come and gone 10,000 times leaves nothing: no timer, no listener, no object', async () => {
    stopClock()
    const hub = createHub()
    const subscription = hub.subscribe('users/*')
    const before = await countObjects()
    for (let round = 0; round < 100; round++) await comeAndGo(hub, subscription, 100)
    expect(hub.size).toBe(0)
    expect([...hub.connections]).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
    const after = await countObjects()
    for (const [name, count] of Object.entries(after)) expect(count, name).toBeLessThanOrEqual(before[name] ?? 0)
    expect(hub.stats().closed.client).toBe(10_000)
  }, 60_000)
})

describe('[H5] a client that stalls while its stream ends', () => {
  const options = { stallTimeout: 4 * SECOND }

  it.each<[string, string, (stream: SseStream, hub: Hub) => Source | void]>([
    ['by the application', 'complete', (stream) => stream.close()],
    ['by a hub that is full', 'limit', () => createHub({ ...options, limits: { connections: 0 } }).subscribe('a')],
    ['by the hub', 'revoked', (_, hub) => void hub.disconnect(() => true)],
  ])('%s is released within `stallTimeout`', async (_, reason, end) => {
    stopClock()
    const { hub, server, stream, proceed } = await stalled(end)
    expect(stream.signal.aborted).toBe(false)
    proceed()
    expect(await stream.closed).toBe(reason)
    expect(hub.size).toBe(0)
    const [socket] = server.sockets
    await nextTurn()
    expect(socket?.destroyed).toBe(false)
    let seconds = 0
    await until(async () => {
      vi.advanceTimersByTime(SECOND)
      seconds++
      await nextTurn()
      return socket?.destroyed
    })
    expect(seconds).toBeLessThanOrEqual(6)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gets everything if it reads on before', async () => {
    stopClock()
    const { client, stream, proceed } = await stalled((ending) => {
      void ending.send('last')
      ending.close()
    })
    proceed()
    expect(await stream.closed).toBe('complete')
    vi.advanceTimersByTime(3 * SECOND)
    await client.resume().untilComplete()
    expect(client.body).toMatch(/data: last\n\n$/)
    expect(vi.getTimerCount()).toBe(0)
  })

  /** A client that has taken nothing for a while, and what is to end its stream. */
  async function stalled(
    end: (stream: SseStream, hub: Hub) => Source | void,
  ): Promise<{ hub: Hub; server: TestServer; client: RawClient; stream: SseStream; proceed: () => void }> {
    const hub = createHub(options)
    const streams = deferred<SseStream>()
    const { promise: gate, resolve: proceed } = deferred()
    const source = async (stream: SseStream): Promise<Source | void> => {
      streams.resolve(stream)
      await gate
      return end(stream, hub)
    }
    const server = await serveHttp((req, res) => void nodeStream(req, res, source, { hub, commitAfter: 0 }))
    const client = RawClient.connect(server.port, { reads: false }).request('GET /')
    const stream = await streams.promise
    await fill(stream)
    return { hub, server, client, stream, proceed }
  }
})

describe('a write that throws', () => {
  it('ends the stream, and sends nothing twice', async () => {
    const onError = vi.fn()
    const error = new Error('of the middleware')
    const written: string[] = []
    const streams = deferred<SseStream>()
    const server = await serveHttp((req, res) => {
      const write = res.write.bind(res)
      res.write = ((chunk: Uint8Array) => {
        const text = String(Buffer.from(chunk))
        written.push(text)
        if (text.includes('bad')) throw error
        return write(chunk)
      }) as typeof res.write
      void nodeStream(req, res, (stream) => streams.resolve(stream), { onError })
    })
    const client = RawClient.connect(server.port).request('GET /')
    const stream = await streams.promise
    await client.untilBody('\n\n')
    await stream.send('good')
    const sent = stream.send('bad')
    await sent
    expect(await stream.closed).toBe('error')
    await client.untilComplete()
    expect(onError.mock.calls).toEqual([[error, { stage: 'write' }]])
    expect(written.filter((text) => text.includes('data: '))).toEqual(['data: good\n\n', 'data: bad\n\n'])
  })
})

/** A stream that is held open, with what its first frame was. */
async function opened(
  serve: (source: Source, request?: StreamRequest) => Exchange,
  request: StreamRequest = {},
  source?: Source,
): Promise<{ stream: SseStream; body: BodyReader; exchange: Exchange }> {
  const streams = deferred<SseStream>()
  const exchange = serve((stream) => {
    streams.resolve(stream)
    return source
  }, request)
  const body = new BodyReader(await exchange.response)
  await body.until('\n\n')
  return { stream: await streams.promise, body, exchange }
}

/** Sends until the client takes no more, and gives what waits then. */
async function fill(stream: SseStream): Promise<{ readonly waiting: Promise<boolean> }> {
  for (;;) {
    const waiting = stream.send(EVENT)
    // On a busy machine the kernel takes its time with what it is still going to take.
    if ((await isPending(waiting)) && (await Promise.race([waiting, sleep(50, 'still')])) === 'still')
      return { waiting }
  }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const turns = async (): Promise<symbol> => {
    for (let i = 0; i < 50; i++) await nextTurn()
    return pending
  }
  return (await Promise.race([promise, turns()])) === pending
}

async function* silent(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield 'never'
}

/** So many clients come, get an event, and go: by the body, by the request, or before they have read anything. */
async function comeAndGo(hub: Hub, subscription: Source & object, count: number): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = new AbortController()
      const request = new Request('http://localhost/', { signal: client.signal })
      const { body } = await eventStream(request, subscription)
      return { client, request, body }
    }),
  )
  expect(hub.size).toBe(count)
  await hub.publish('users/1', { data: 'x' })
  for (const [i, { client, body }] of clients.entries()) {
    if (i % 3 > 0) await body?.getReader().read()
    if (i % 2 > 0) client.abort()
    else if (body?.locked === false) await body.cancel()
    else client.abort()
  }
  expect(hub.size).toBe(0)
  for (const { request } of clients) expect(getEventListeners(request.signal, 'abort')).toEqual([])
}

/** How many of our objects the garbage collector leaves. */
async function countObjects(): Promise<Readonly<Record<string, number>>> {
  await nextTurn()
  const classes = { Connection, WebSink, Cursor, Audience }
  return Object.fromEntries(Object.entries(classes).map(([name, ctor]) => [name, Number(queryObjects(ctor as never))]))
}
