import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deferred } from '@sse/tooling/deferred'
import { requireProgram } from '@sse/tooling/programs'
import compression from 'compression'
import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { serveHttp, serveHttp2 } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { until } from '../../test/until.ts'
import type { StreamOptions } from '../connection/options.ts'
import type { Source } from '../connection/source.ts'
import type { SseStream } from '../connection/stream.ts'
import { createHub, type Hub } from '../hub/hub.ts'
import { readEvents } from '../testing/read-events.ts'
import { eventStream } from './event-stream.ts'

const SECOND = 1_000
const KIB = 1024
const MIB = KIB * KIB
const LARGE = 'x'.repeat(MIB)
const run = promisify(execFile)

describe('eventStream', () => {
  it('gives the stream once it is open', async () => {
    const streams = deferred<SseStream>()
    const server = await serveHttp(async (req, res) => {
      streams.resolve(await eventStream(req, res, () => {}))
    })
    const client = RawClient.connect(server.port).request('GET /')
    const { send, close, closed, lastEventId } = await streams.promise
    expect(lastEventId).toBeUndefined()
    expect(await send({ event: 'e', data: [1] })).toBe(true)
    close()
    expect(await closed).toBe('complete')
    await client.untilComplete()
    expect(client.body).toMatch(/^retry: \d+\n:\n\nevent: e\ndata: \[1\]\n\n$/)
  })

  it('gives a closed one where there is none: HEAD, nothing to come, no room', async () => {
    const hub = createHub({ limits: { connections: 0 } })
    const streams: SseStream[] = []
    const server = await serveHttp(async (req, res) => {
      const source = req.url === '/null' ? null : () => {}
      streams.push(await eventStream(req, res, source, { ...(req.url === '/full' && { hub }) }))
    })
    const client = RawClient.connect(server.port)
    for (const [i, request] of ['HEAD /', 'GET /null', 'GET /full'].entries()) {
      await client.request(request).untilComplete(i + 1)
    }
    expect(client.responses.map(({ status }) => status)).toEqual([200, 204, 503])
    expect(await Promise.all(streams.map(({ closed }) => closed))).toEqual(['complete', 'complete', 'limit'])
    expect(await Promise.all(streams.map(({ send }) => send('x')))).toEqual([false, false, false])
    expect(streams.every(({ signal }) => signal.aborted)).toBe(true)
  })

  describe('headers', () => {
    it('that were set before, or in the same turn after, are kept', async () => {
      const server = await serveHttp((req, res) => {
        res.statusCode = 203
        res.setHeader('Cache-Control', 'no-store')
        res.setHeader('Set-Cookie', ['a=1', 'b=2'])
        res.setHeader('X-Before', 'yes')
        void eventStream(req, res, ({ close }) => close(), { headers: { 'X-Mine': 'yes', 'x-before': 'mine' } })
        res.setHeader('X-After', 'yes')
        queueMicrotask(() => res.setHeader('X-Microtask', 'yes'))
      })
      const response = await fetch(server.url)
      expect(response.status).toBe(203)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-before': 'mine',
        'x-after': 'yes',
        'x-microtask': 'yes',
        'x-mine': 'yes',
      })
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    })

    it('keep the cookies that were set before', async () => {
      const server = await serveHttp((req, res) => {
        res.setHeader('Set-Cookie', 'session=1')
        void eventStream(req, res, ({ close }) => close(), { headers: { 'set-cookie': ['a=1', 'b=2'] } })
      })
      expect((await fetch(server.url)).headers.getSetCookie()).toEqual(['session=1', 'a=1', 'b=2'])
    })

    it('say on HTTP/1.1 that the body is chunked and the connection is kept', async () => {
      const server = await serveHttp((req, res) => void eventStream(req, res, ({ close }) => close()))
      const client = await RawClient.connect(server.port).request('GET /').untilComplete()
      expect(client.responses[0]?.headers.get('transfer-encoding')).toEqual(['chunked'])
      expect(client.responses[0]?.headers.get('connection')).toEqual(['keep-alive'])
      expect(client.responses[0]?.headers.has('date')).toBe(true)
    })

    it('that have been sent already leave no stream to open', async () => {
      const started = vi.fn()
      const failed = deferred<unknown>()
      const server = await serveHttp((req, res) => {
        res.writeHead(200).flushHeaders()
        eventStream(req, res, started).catch((error: unknown) => {
          failed.resolve(error)
          res.end('plain')
        })
      })
      const client = await RawClient.connect(server.port).request('GET /').untilComplete()
      expect(await failed.promise).toMatchObject({ code: 'SSE_CLOSED' })
      expect(client.body).toBe('plain')
      expect(started).not.toHaveBeenCalled()
    })

    it('that a middleware refuses are the framework’s to answer', async () => {
      const error = new Error('of the middleware')
      const failed = deferred<unknown>()
      const hub = createHub()
      const server = await serveHttp((req, res) => {
        const { writeHead } = res
        res.writeHead = () => {
          throw error
        }
        eventStream(req, res, () => {}, { hub }).catch((reason: unknown) => {
          expect(hub.size).toBe(0)
          failed.resolve(reason)
          res.writeHead = writeHead
          for (const name of res.getHeaderNames()) res.removeHeader(name)
          res.writeHead(500).end('failed')
        })
      })
      const client = await RawClient.connect(server.port).request('GET /').untilComplete()
      expect(await failed.promise).toBe(error)
      expect(client.responses).toMatchObject([{ status: 500 }])
      expect(client.body).toBe('failed')
      expect(hub.size).toBe(0)
    })
  })

  describe('a disconnect', () => {
    it('[H1] is that of the response: the body of a request may have been read', async () => {
      const streams = deferred<SseStream>()
      const bodies = deferred<string>()
      const server = await serveHttp(async (req, res) => {
        let body = ''
        for await (const part of req) body += part
        bodies.resolve(body)
        await until(() => req.destroyed)
        streams.resolve(await eventStream(req, res, () => {}))
      })
      const client = RawClient.connect(server.port).request({ head: 'POST /', body: 'question' })
      expect(await bodies.promise).toBe('question')
      const stream = await streams.promise
      expect(stream.signal.aborted).toBe(false)
      for (const answer of ['a', 'b', 'c']) expect(await stream.send(answer)).toBe(true)
      await client.untilBody('data: c\n\n')
      client.leave()
      expect(await stream.closed).toBe('client')
    })

    it('[H1] is not the end of a request whose body is read while the stream is open', async () => {
      const streams = deferred<SseStream>()
      const closed = deferred()
      const server = await serveHttp(async (req, res) => {
        req.on('close', closed.resolve)
        streams.resolve(await eventStream(req, res, () => {}))
        req.resume()
      })
      const client = RawClient.connect(server.port).request({ head: 'POST /', body: 'question' })
      const stream = await streams.promise
      await closed.promise
      expect(await stream.send('a')).toBe(true)
      await client.untilBody('data: a\n\n')
    })

    it('that came before leaves nothing to start', async () => {
      const hub = createHub()
      const started = vi.fn()
      const cancel = vi.fn()
      const outcomes = deferred<readonly SseStream[]>()
      const server = await serveHttp(async (req, res) => {
        await once(res, 'close')
        const sources: Source[] = [started, { subscribe: started }, new ReadableStream({ cancel }), hub.subscribe('a')]
        outcomes.resolve(await Promise.all(sources.map((source) => eventStream(req, res, source))))
      })
      const client = RawClient.connect(server.port).request('GET /')
      await until(() => server.writes.length === 1)
      client.leave()
      const streams = await outcomes.promise
      expect(await Promise.all(streams.map(({ closed }) => closed))).toEqual(Array(4).fill('client'))
      expect(started).not.toHaveBeenCalled()
      expect(cancel).toHaveBeenCalledOnce()
      expect(hub.size).toBe(0)
    })

    it('in the turn of the call leaves nothing, either', async () => {
      const hub = createHub()
      const started = vi.fn()
      const outcomes = deferred<readonly SseStream[]>()
      const server = await serveHttp(async (req, res) => {
        const streams = [eventStream(req, res, hub.subscribe('a')), eventStream(req, res, () => started)]
        res.destroy()
        outcomes.resolve(await Promise.all(streams))
      })
      RawClient.connect(server.port).request('GET /')
      const streams = await outcomes.promise
      expect(await Promise.all(streams.map(({ closed }) => closed))).toEqual(['client', 'client'])
      await nextTurn()
      expect(hub.size).toBe(0)
    })

    it('by the application itself ends the source, however it is done', async () => {
      for (const finish of ['end', 'destroy'] as const) {
        const hub = createHub()
        const responses = deferred<ServerResponse>()
        const server = await serveHttp((req, res) => {
          void eventStream(req, res, hub.subscribe('a'))
          responses.resolve(res)
        })
        const client = RawClient.connect(server.port).request('GET /')
        await client.untilBody('\n\n')
        const response = await responses.promise
        response[finish]()
        // Before 'close' has told anybody.
        await hub.publish('a', { data: 'x' })
        await until(() => hub.size === 0)
        if (finish === 'end') {
          await client.untilComplete()
          expect(client.body).not.toContain('data:')
        } else await client.untilEnd()
      }
    })

    it('is as good as that when somebody else has begun to answer', async () => {
      const hub = createHub()
      const streams = deferred<SseStream>()
      const server = await serveHttp(async (req, res) => {
        const source = async function* (): AsyncGenerator<string> {
          res.writeHead(200).write('plain')
          yield 'late'
        }
        streams.resolve(await eventStream(req, res, source(), { hub }))
        res.end('!')
      })
      const client = await RawClient.connect(server.port).request('GET /').untilComplete()
      expect(await (await streams.promise).closed).toBe('client')
      expect(client.body).toBe('plain!')
      expect(hub.size).toBe(0)
    })

    it('leaves it to who answers in the meantime', async () => {
      const hub = createHub()
      const ended = deferred()
      const server = await serveHttp((req, res) => {
        const source = async ({ signal }: SseStream): Promise<void> => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          ended.resolve()
        }
        void eventStream(req, res, source, { hub, commitAfter: 1_000_000 })
        setImmediate(() => res.end('plain'))
      })
      const client = await RawClient.connect(server.port).request('GET /').untilComplete()
      await ended.promise
      expect(client.body).toBe('plain')
      await until(() => hub.size === 0)
    })
  })

  describe('clients', () => {
    const SENT = ['a', 'b\nc', '', 'ü€😀']

    async function* events(): AsyncGenerator<{ data: string; id: string }> {
      for (const [i, data] of SENT.entries()) {
        yield { data, id: String(i) }
        await nextTurn()
      }
    }

    it('`fetch` reads it', async () => {
      const server = await serveHttp((req, res) => void eventStream(req, res, events()))
      expect((await readEvents(server.url)).map(({ data }) => data)).toEqual(SENT)
    })

    it.for([['--http1.1'], ['--http1.0'], ['--http1.1', '--compressed']])(
      'curl %s reads it',
      async (flags, context) => {
        const program = requireProgram('curl', context)
        const server = await serveHttp((req, res) => void eventStream(req, res, events(), { retry: 1 }))
        expect(await curl(program, server.url, flags)).toBe(`retry: 1\n:\n\n${textOf(SENT)}`)
      },
    )

    it('curl reads it on HTTP/2', async (context) => {
      const program = requireProgram('curl', context)
      const server = await serveHttp2((req, res) => void eventStream(req, res, events(), { retry: 1 }))
      const read = await curl(program, server.url, ['--http2-prior-knowledge'])
      expect(read).toBe(`retry: 1\n:\n\n${textOf(SENT)}`)
    })

    it('[H16] an `EventSource` reads it, comes back with its id, and stops at 204', async () => {
      const seen: (string | undefined)[] = []
      const server = await serveHttp((req, res) => {
        const source = ({ lastEventId }: SseStream): Source => {
          seen.push(lastEventId)
          return lastEventId === undefined ? events() : null
        }
        void eventStream(req, res, source, { retry: 1 })
      })
      const client = new EventSource(server.url)
      onTestFinished(() => client.close())
      const got: string[] = []
      client.addEventListener('message', ({ data }) => got.push(data))
      await until(() => client.readyState === EventSource.CLOSED)
      expect(got).toEqual(SENT)
      expect(seen).toEqual([undefined, '3'])
    })

    it('an `EventSource` resumes a subscription where it was', async () => {
      const hub = createHub({ retry: 1 })
      const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
      const client = new EventSource(server.url)
      onTestFinished(() => client.close())
      const got: string[] = []
      client.addEventListener('message', ({ data }) => got.push(data))
      await until(() => hub.size === 1)
      for (let i = 0; i < 50; i++) {
        await hub.publish('a', { data: String(i) })
        if (i % 10 === 9) {
          await until(() => hub.size === 1)
          for (const socket of server.sockets) socket.destroy()
        }
      }
      await until(() => got.length >= 50)
      expect(got).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
      expect(hub.stats().gaps).toEqual({ trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 })
    })
  })

  it.each(['[::bad', 'a b', '', '%', '//', 'x:99999', '\xff'])(
    '[H10] serves a request with the host %o',
    async (host) => {
      const server = await serveHttp((req, res) => {
        void eventStream(req, res, ({ lastEventId, send }) => void send(String(lastEventId)))
      })
      const client = RawClient.connect(server.port)
      client.send(`GET /?lastEventId=a.1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      await client.untilBody('data: a.1\n\n')
    },
  )

  it('knows the address of a client', async () => {
    const hub = createHub()
    const server = await serveHttp((req, res) => {
      const options: StreamOptions = req.url === '/proxied' ? { address: '192.0.2.1' } : {}
      void eventStream(req, res, hub.subscribe('a'), options)
    })
    for (const path of ['', 'proxied']) RawClient.connect(server.port).request(`GET /${path}`)
    await until(() => hub.size === 2)
    expect(Array.from(hub.connections, ({ address }) => address).sort()).toEqual(['127.0.0.1', '192.0.2.1'])
  })

  it('[H7] lets a server close once its hub has', async () => {
    const hub = createHub()
    const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
    const clients = [0, 1, 2].map(() => RawClient.connect(server.port).request('GET /'))
    for (const client of clients) await client.untilBody('\n\n')
    const closed = once(server.server, 'close')
    server.server.close()
    await hub.close()
    for (const client of clients) {
      await client.untilComplete()
      expect(client.body).toMatch(/\n\nretry: \d+\n\n$/)
    }
    server.server.closeIdleConnections()
    await closed
  })

  describe('a slow client', () => {
    it('[H6] that never reads costs a high-water mark and one write, whatever is published', async () => {
      const hub = createHub({ lag: 'skip', ring: { maxBytes: MIB } })
      const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
      RawClient.connect(server.port, { reads: false }).request('GET /')
      await until(() => hub.size === 1)
      const [socket] = server.sockets as [Socket]
      const data = 'x'.repeat(16 * KIB)
      let most = 0
      // 48 MB, of which the kernel hides some.
      for (let i = 0; i < 3_000; i++) {
        await hub.publish('a', { data })
        if (i % 4 === 0) await nextTurn()
        most = Math.max(most, socket.writableLength)
      }
      expect(hub.stats().lagging).toBe(1)
      expect(most).toBeGreaterThan(0)
      // A write is what a flush joins: 64 KiB and the event that passed that.
      expect(most).toBeLessThanOrEqual(socket.writableHighWaterMark + 64 * KIB + 17 * KIB)
    })

    it('[H11] [H6] delays nobody, and neither does one whose writes throw', async () => {
      const hub = createHub({ onError: () => {} })
      const server = await serveHttp((req, res) => {
        if (req.url === '/broken') res.write = failingWrite(res)
        void eventStream(req, res, hub.subscribe('a'))
      })
      const paths = ['broken', '', 'broken', '', 'broken']
      const clients = paths.map((path) => RawClient.connect(server.port).request(`GET /${path}`))
      const stalled = RawClient.connect(server.port, { reads: false }).request('GET /')
      for (const client of clients) await client.untilBody('\n\n')
      await until(() => hub.size === 6)
      for (let i = 0; i < 100; i++) {
        await hub.publish('a', { data: `${i} ${'x'.repeat(100 * KIB)}` })
        if (i % 10 === 0) await nextTurn()
      }
      const id = await hub.publish('a', { data: 'last' })
      for (const [i, client] of clients.entries())
        if (paths[i] === '') await client.untilBody(`data: last\nid: ${id}\n`)
      expect(hub.stats().closed.error).toBe(3)
      stalled.leave()
    })

    it('[S2] goes on where it was when it reads again, and misses nothing', async () => {
      const hub = createHub()
      const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
      const client = RawClient.connect(server.port, { reads: false }).request('GET /')
      await until(() => hub.size === 1)
      let count = 0
      for (let round = 0; round < 3; round++) {
        client.pause()
        await until(async () => {
          for (let i = 0; i < 5; i++) await hub.publish('a', { data: `${count++} ${'x'.repeat(100 * KIB)}` })
          await nextTurn()
          return hub.stats().lagging === 1
        })
        for (let i = 0; i < 5; i++) await hub.publish('a', { data: `${count++}` })
        client.resume()
        await client.untilBody(`data: ${count - 1}\n`)
      }
      const got = Array.from(client.body.matchAll(/^data: (\d+)/gm), ([, n]) => Number(n))
      expect(got).toEqual(Array.from({ length: count }, (_, i) => i))
    })

    it('under `compression` is cut when it takes nothing, also while its stream ends', async () => {
      stopClock()
      for (const ends of [false, true]) {
        const hub = createHub({ stallTimeout: 4 * SECOND, heartbeat: false })
        const streams = deferred<SseStream>()
        const server = await serveHttp((req, res) => {
          compress(req, res, async () => {
            streams.resolve(await eventStream(req, res, () => {}, { hub, headers: { 'Cache-Control': 'no-cache' } }))
          })
        })
        const client = RawClient.connect(server.port, { reads: false })
        client.send('GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n')
        const { send, close } = await streams.promise
        // A compressor is full for a moment now and then: it is the kernel that has to be, for good.
        let stuck = 0
        await until(async () => {
          const { lagging } = hub.stats()
          const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(32 * KIB))).toString('base64')
          if (lagging === 0) void send(noise)
          await nextTurn()
          stuck = lagging === 1 && server.sockets[0]?.writableNeedDrain ? stuck + 1 : 0
          return stuck === 50
        })
        if (ends) close()
        let seconds = 0
        await until(async () => {
          vi.advanceTimersByTime(SECOND)
          seconds++
          await nextTurn()
          return server.sockets[0]?.destroyed
        })
        expect(seconds).toBeGreaterThanOrEqual(3)
        expect(hub.stats().closed).toMatchObject(ends ? { complete: 1 } : { stalled: 1 })
        expect(vi.getTimerCount()).toBe(0)
      }
    })

    it('[S9] [H5] that takes nothing is cut, although the kernel took much of it', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 4 * SECOND, heartbeat: false })
      const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
      RawClient.connect(server.port, { reads: false }).request('GET /')
      await until(() => hub.size === 1)
      await until(async () => {
        await hub.publish('a', { data: 'x'.repeat(500_000) })
        await nextTurn()
        return hub.stats().lagging === 1
      })
      let seconds = 0
      await until(async () => {
        vi.advanceTimersByTime(SECOND)
        seconds++
        await nextTurn()
        return hub.size === 0
      })
      expect(seconds).toBeLessThanOrEqual(6)
      expect(hub.stats().closed.stalled).toBe(1)
      await until(() => server.sockets[0]?.destroyed)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('[S9] that takes a little all the time is not cut', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 4 * SECOND, heartbeat: false })
      const source = async ({ send }: SseStream): Promise<void> => {
        await send('x'.repeat(24 * MIB))
      }
      const server = await serveHttp((req, res) => void eventStream(req, res, source, { hub }))
      const client = RawClient.connect(server.port, { reads: false }).request('GET /')
      await until(() => server.sockets[0]?.writableLength ?? 0)
      const [socket] = server.sockets as [Socket]
      // All of it is one write: what it was given says nothing of what has left.
      const { bytesWritten } = socket
      let seconds = 0
      while (socket.writableLength > 0) {
        const from = client.length
        client.resume()
        await client.until(({ length }) => length >= Math.min(from + 2 * MIB, 24 * MIB))
        client.pause()
        for (let i = 0; i < 20; i++) await nextTurn()
        expect(socket.bytesWritten).toBe(bytesWritten)
        vi.advanceTimersByTime(3 * SECOND)
        seconds += 3
      }
      expect(seconds).toBeGreaterThan(12)
      await client.resume().untilComplete()
      expect(hub.stats().closed).toMatchObject({ complete: 1, stalled: 0 })
    })
  })

  describe('a burst', () => {
    const COUNT = 100_000

    it('[S3] of awaited publishes in one loop lets every reader keep up', async () => {
      const { hub, clients, most } = await readers()
      for (let i = 0; i < COUNT; i++) {
        await hub.publish('a', { data: String(i) })
        if (i % 100 === 0) most()
      }
      const id = await hub.publish('a', { data: 'last' })
      const all = [...Array.from({ length: COUNT }, (_, i) => String(i)), 'last']
      for (const client of clients) expect(await dataUpTo(client, id)).toEqual(all)
      expect(hub.stats().gaps).toEqual({ trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 })
      expect(most()).toBeLessThan(512 * KIB)
    })

    it('[S8] of publishes that nobody awaits leaves every reader with all of them, or with a gap', async () => {
      const { hub, clients, most } = await readers()
      const ids: Promise<string>[] = []
      for (let i = 0; i < COUNT; i++) {
        ids.push(hub.publish('a', { data: String(i) }))
        if (i % 100 === 0) most()
      }
      await Promise.all(ids)
      const id = await hub.publish('a', { data: 'last' })
      for (const client of clients) {
        const data = await dataUpTo(client, id)
        let next = 0
        for (const text of data.slice(0, -1)) {
          if (text.startsWith('{')) {
            expect(JSON.parse(text)).toMatchObject({ reason: 'lag' })
            next = Number.NaN
          } else {
            if (Number.isNaN(next)) next = Number(text)
            if (Number(text) !== next++) throw new Error(`${text} came instead of ${next - 1}`)
          }
        }
        expect(data.at(-1)).toBe('last')
        if (!Number.isNaN(next)) expect(next).toBe(COUNT)
      }
      expect(hub.stats().ring.events).toBeLessThanOrEqual(10_000)
      expect(most()).toBeLessThan(512 * KIB)
    })

    /** Two clients that read all the time, and the most that has ever waited for one of them. */
    async function readers(): Promise<{ hub: Hub; clients: RawClient[]; most: () => number }> {
      const hub = createHub({ lag: 'skip' })
      const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
      const clients = [0, 1].map(() => RawClient.connect(server.port).request('GET /'))
      await until(() => hub.size === 2)
      let bytes = 0
      const most = (): number => {
        for (const { writableLength } of server.sockets) bytes = Math.max(bytes, writableLength)
        return bytes
      }
      return { hub, clients, most }
    }

    /** The data of all events up to an id. */
    async function dataUpTo(client: RawClient, id: string): Promise<string[]> {
      await client.until(({ bytes }) => bytes.subarray(-200).includes(`id: ${id}\n\n`))
      return Array.from(client.body.matchAll(/^data: (.*)$/gm), ([, data = '']) => data)
    }
  })

  it('[S11] [P5] outlives `server.timeout`, which a heartbeat refreshes', async () => {
    const hub = createHub({ heartbeat: 400 })
    const server = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
    server.server.timeout = 1_600
    const client = RawClient.connect(server.port).request('GET /')
    await client.until(({ body }) => body.split(':\n\n').length > 6)
    expect(client.hasEnded).toBe(false)
    await hub.publish('a', { data: 'x' })
    await client.untilBody('data: x\n')
  })

  describe('on HTTP/2', () => {
    it('[H2] sends headers that HTTP/2 has, and events', async () => {
      const hub = createHub()
      const { stream, headers } = await openHttp2((req, res) => {
        res.setHeader('X-Before', 'yes')
        void eventStream(req, res, hub.subscribe('a'), { headers: { 'Set-Cookie': ['a=1', 'b=2'] } })
      })
      expect(headers).toMatchObject({
        ':status': 200,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'x-before': 'yes',
        'set-cookie': ['a=1', 'b=2'],
      })
      for (const name of ['connection', 'transfer-encoding', 'keep-alive']) expect(headers).not.toHaveProperty(name)
      const read = textReader(stream)
      await until(() => read().includes('\n\n'))
      const id = await hub.publish('a', { event: 'e', data: 'ü' })
      await until(() => read().includes(`event: e\ndata: ü\nid: ${id}\n\n`))
      hub.disconnect(() => true)
      await once(stream, 'end')
      expect(read()).toMatch(/^retry: \d+\nid: \S+\n\nevent: e\n/)
    })

    it.each(['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade'])(
      '[H2] leaves out a `%s` that middleware has set for HTTP/1.1, and refuses it among its options',
      async (name) => {
        const errors: unknown[] = []
        const { headers } = await openHttp2(async (req, res) => {
          res.setHeader(name, 'close')
          const options = { headers: { [name]: 'close' } }
          await eventStream(req, res, () => {}, options).catch((error: unknown) => errors.push(error))
          await eventStream(req, res, () => {})
        })
        expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
        expect(headers).not.toHaveProperty(name.toLowerCase())
        expect(errors).toEqual([expect.objectContaining({ code: 'SSE_INVALID_FIELD' })])
      },
    )

    it('[H15] answers HEAD, and null with 204', async () => {
      const started = vi.fn()
      const { stream, headers } = await openHttp2((req, res) => void eventStream(req, res, started), 'HEAD')
      expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
      stream.resume()
      await once(stream, 'end')
      expect(started).not.toHaveBeenCalled()
      const empty = await openHttp2((req, res) => void eventStream(req, res, null))
      expect(empty.headers).toMatchObject({ ':status': 204 })
    })

    it('gives an error before open to who can answer it', async () => {
      const error = new Error('secret')
      const { stream, headers } = await openHttp2((req, res) => {
        eventStream(req, res, () => Promise.reject(error)).catch(() => res.writeHead(500).end('failed'))
      })
      expect(headers[':status']).toBe(500)
      const read = textReader(stream)
      await once(stream, 'end')
      expect(read()).toBe('failed')
    })

    it.each<[string, (stream: ClientHttp2Stream) => void]>([
      ['the stream', (stream) => stream.destroy()],
      ['the connection', (stream) => stream.session?.destroy()],
    ])('learns that a client has gone, with %s', async (_, leave) => {
      const hub = createHub()
      const { stream } = await openHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
      expect(hub.size).toBe(1)
      stream.on('error', () => {})
      leave(stream)
      await until(() => hub.size === 0)
      expect(hub.stats().closed.client).toBe(1)
    })

    it.each<keyof typeof RESETS>(['NO_ERROR', 'CANCEL', 'INTERNAL_ERROR'])(
      'learns at once that a client has reset its stream, with %s, while bytes wait',
      async (name) => {
        const hub = createHub()
        const { stream, response } = await openHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
        stream.on('error', () => {})
        stream.pause()
        while (hub.stats().lagging === 0) {
          await hub.publish('a', { data: 'x'.repeat(16 * KIB) })
          await nextTurn()
        }
        stream.close(RESETS[name])
        await until(() => hub.size === 0)
        expect(hub.stats().closed.client).toBe(1)
        await until(() => response.stream.destroyed)
      },
    )

    it('learns it also where nobody reads what the client sends', async () => {
      const hub = createHub()
      const handle = (req: Http2ServerRequest, res: Http2ServerResponse): void => {
        req.once('data', () => req.pause())
        void eventStream(req, res, hub.subscribe('a'))
      }
      const { stream } = await openHttp2(handle, 'POST')
      stream.pause().write('first')
      while (hub.stats().lagging === 0) {
        await hub.publish('a', { data: 'x'.repeat(16 * KIB) })
        await nextTurn()
      }
      stream.write('second')
      stream.close(RESETS.NO_ERROR)
      await until(() => hub.size === 0)
    })

    it('lets go of a stream that its client resets with NO_ERROR while it ends', async () => {
      const hub = createHub()
      const { stream, response } = await openHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
      stream.pause()
      while (hub.stats().lagging === 0) {
        await hub.publish('a', { data: 'x'.repeat(16 * KIB) })
        await nextTurn()
      }
      hub.disconnect(() => true)
      expect(response.writableEnded).toBe(true)
      expect(response.writableLength).toBeGreaterThan(0)
      stream.close(RESETS.NO_ERROR)
      await until(() => response.stream.destroyed)
    })

    it('[H5] cuts one stream of a connection, in a way that does not look complete', async () => {
      stopClock()
      const hub = createHub({ stallTimeout: 4 * SECOND })
      const opened = await openHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
      const { session, stream, response } = opened
      const other = session.request({ ':path': '/' }).resume()
      await until(() => hub.size === 2)
      const [ended, closed] = [vi.fn(), vi.fn()]
      stream.on('end', ended).on('close', closed).pause()
      while (hub.stats().lagging === 0) {
        await hub.publish('a', { data: 'x'.repeat(16 * KIB) })
        await nextTurn()
      }
      for (let i = 0; i < 6; i++) {
        vi.advanceTimersByTime(SECOND)
        await nextTurn()
      }
      expect(response.stream.destroyed).toBe(true)
      stream.resume()
      await until(() => closed.mock.calls.length === 1)
      expect(stream.rstCode).toBe(RESETS.CANCEL)
      expect(ended).not.toHaveBeenCalled()
      expect(hub.stats().closed.stalled).toBe(1)
      expect(hub.size).toBe(1)
      expect(other.closed).toBe(false)
      expect(session.closed).toBe(false)
    })

    it('starts nothing for a client that has gone before', async () => {
      const started = vi.fn()
      const streams = deferred<SseStream>()
      const { promise: arrived, resolve: arrive } = deferred()
      const server = await serveHttp2(async (req, res) => {
        arrive()
        await once(res, 'close')
        streams.resolve(await eventStream(req, res, started))
      })
      const session = connect(server.url)
      const stream = session.request({ ':path': '/' })
      stream.on('error', () => {})
      await arrived
      stream.close()
      expect(await (await streams.promise).closed).toBe('client')
      expect(started).not.toHaveBeenCalled()
      session.destroy()
    })

    it('[H6] holds little for a client that does not read, and cuts it', async () => {
      stopClock()
      const hub = createHub({ lag: 'skip', ring: { maxBytes: MIB }, stallTimeout: 4 * SECOND })
      const responses: Http2ServerResponse[] = []
      const { stream } = await openHttp2((req, res) => {
        responses.push(res)
        void eventStream(req, res, hub.subscribe('a'))
      })
      stream.on('error', () => {})
      let most = 0
      for (let i = 0; i < 500; i++) {
        await hub.publish('a', { data: 'x'.repeat(16 * KIB) })
        await nextTurn()
        for (const { bufferedBytes } of hub.connections) most = Math.max(most, bufferedBytes)
      }
      expect(hub.stats().lagging).toBe(1)
      expect(most).toBeLessThan(256 * KIB)
      for (let i = 0; i < 6; i++) {
        vi.advanceTimersByTime(SECOND)
        await nextTurn()
      }
      expect(hub.stats().closed.stalled).toBe(1)
      await until(() => responses[0]?.stream.destroyed)
    })

    it.each([
      ['of many events', 400, 16 * KIB],
      ['of one large event', 1, 400 * 16 * KIB],
    ])('[S9] does not cut a client that takes a little %s all the time', async (_, count, size) => {
      stopClock()
      const hub = createHub({ stallTimeout: 4 * SECOND, heartbeat: false })
      const source = async function* (): AsyncGenerator<string> {
        for (let i = 0; i < count; i++) yield 'x'.repeat(size)
      }
      const { stream } = await openHttp2((req, res) => void eventStream(req, res, source, { hub }))
      let length = 0
      stream.on('data', (part: Buffer) => {
        length += part.length
      })
      let seconds = 0
      while (!stream.readableEnded) {
        const from = length
        stream.resume()
        await until(() => length > from + 512 * KIB || stream.readableEnded)
        stream.pause()
        for (let i = 0; i < 20; i++) await nextTurn()
        vi.advanceTimersByTime(3 * SECOND)
        seconds += 3
        if (length > 400 * 16 * KIB) stream.resume()
      }
      expect(seconds).toBeGreaterThan(12)
      expect(length).toBeGreaterThan(count * size)
      expect(hub.stats().closed).toMatchObject({ complete: 1, stalled: 0 })
    })

    it.each([
      ['what comes after a large event', ['before', LARGE, 'between', LARGE, 'after']],
      ['a large event that is the last', ['before', LARGE]],
    ])('sends %s, and then ends', async (_, sent) => {
      const { stream } = await openHttp2((req, res) => {
        const source = ({ send, close }: SseStream): void => {
          for (const data of sent) void send(data)
          close()
        }
        void eventStream(req, res, source, { maxBufferedBytes: 4 * MIB })
      })
      stream.pause()
      const read = textReader(stream)
      for (let i = 0; i < 20; i++) await nextTurn()
      stream.resume()
      await once(stream, 'end')
      const events = sent.map((data) => `data: ${data}\n\n`)
      expect(read().replace(/^retry: \d+\n:\n\n/, '') === events.join('')).toBe(true)
    })
  })
})

/** What curl makes of a stream that ends. */
async function curl(program: string, url: string, flags: readonly string[]): Promise<string> {
  const { stdout } = await run(program, ['-sSN', '--max-time', '10', ...flags, url])
  return stdout
}

function textOf(events: readonly string[]): string {
  return events.map((data, id) => `${data.replaceAll(/^/gm, 'data: ')}\nid: ${id}\n\n`).join('')
}

/** `compression` is typed for Express; all it asks for is what `node:http` gives. */
const compress = compression() as unknown as (req: IncomingMessage, res: ServerResponse, next: () => void) => void

function failingWrite(res: ServerResponse): ServerResponse['write'] {
  const write = res.write.bind(res)
  return ((chunk: Uint8Array) => {
    if (String(Buffer.from(chunk)).includes('data:')) throw new Error('of the middleware')
    return write(chunk)
  }) as ServerResponse['write']
}

/** Codes with which a client may reset a stream. */
const RESETS = {
  NO_ERROR: constants.NGHTTP2_NO_ERROR,
  CANCEL: constants.NGHTTP2_CANCEL,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
} as const

interface Http2Exchange {
  readonly session: ClientHttp2Session
  readonly stream: ClientHttp2Stream
  /** The server's side. */
  readonly response: Http2ServerResponse
  readonly headers: Readonly<Record<string, unknown>>
}

async function openHttp2(
  handle: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  method: string = 'GET',
): Promise<Http2Exchange> {
  const responses: Http2ServerResponse[] = []
  const server = await serveHttp2((request, response) => {
    responses.push(response)
    handle(request, response)
  })
  const session = connect(server.url)
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/', ':method': method }, { endStream: method !== 'POST' })
  const [headers] = await once(stream, 'response')
  const [response] = responses
  if (response === undefined) throw new Error('There was no request')
  return { session, stream, response, headers: headers as Record<string, unknown> }
}

function textReader(stream: ClientHttp2Stream): () => string {
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  return () => String(Buffer.concat(parts))
}
