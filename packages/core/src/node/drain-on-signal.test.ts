import { once } from 'node:events'
import { Agent, request, type ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { RawClient } from '@sse/tooling/raw-client'
import { startServer } from '@sse/tooling/server-process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveHttp, serveHttp2 } from '../../test/http-server.ts'
import { nextTurn } from '../connection/turn.ts'
import { createHub } from '../hub/hub.ts'
import { readEvents } from '../testing/read-events.ts'
import { drainOnSignal } from './drain-on-signal.ts'
import { eventStream } from './event-stream.ts'

const SERVER = fileURLToPath(new URL('../../test/drain-server.ts', import.meta.url))
const AS_BROWSER = { headers: { Accept: 'text/event-stream' } }

/** The text of a stream, to its end. */
async function textOf(url: string): Promise<string> {
  return (await fetch(url, AS_BROWSER)).text()
}

async function* endless(): AsyncGenerator<string> {
  yield 'first'
  await new Promise(() => {})
}

/** A stream over HTTP/2 that has begun, and all of it once it has ended. */
async function textIn(session: ClientHttp2Session): Promise<{ end: Promise<string> }> {
  const stream = session.request({ ':path': '/' })
  await once(stream, 'response')
  return { end: text(stream) }
}

/** So long that connections with nothing to do would have been closed. */
const sweeps = () => new Promise((resolve) => setTimeout(resolve, 300))

describe('drainOnSignal', () => {
  it('[H7] ends streams, each with a time to come back, lets finite ones finish, and then the process', async () => {
    const { child, url } = await startServer(SERVER, { DRAIN: '300' })
    const streams = await Promise.all(Array.from({ length: 20 }, () => fetch(url, AS_BROWSER)))
    const finite = await fetch(`${url}finite`, AS_BROWSER)
    const keptAlive = new Agent({ keepAlive: true })
    onTestFinished(() => keptAlive.destroy())
    await once(request(`${url}plain`, { agent: keptAlive }).end(), 'response')
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    const texts = await Promise.all(streams.map((stream) => stream.text()))
    for (const text of texts) expect(text).toMatch(/retry: \d+\n\n$/)
    expect(await finite.text()).toContain('data: last\n\n')
    expect(await closed).toEqual([0, null])
  })

  it('[H8] tells new streams to come back later, while open ones end', async () => {
    const { child, url } = await startServer(SERVER, { DRAIN: '60000' })
    const streams = await Promise.all([fetch(url, AS_BROWSER), fetch(url, AS_BROWSER)])
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    // The first ends at once: from then on it is draining.
    await Promise.race(streams.map((stream) => stream.text()))
    expect(await textOf(url)).toMatch(/^retry: \d+\n\n$/)
    child.kill('SIGTERM')
    expect(await closed, 'the second signal ends it at once').toEqual([null, 'SIGTERM'])
  })

  it('closes the sessions of HTTP/2, for which a server waits', async () => {
    const hub = createHub()
    const { server, url } = await serveHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
    onTestFinished(drainOnSignal(server, hub, { signals: ['SIGUSR2'], drain: 0 }))
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    stream.resume()
    const ended = Promise.all([once(stream, 'end'), once(server, 'close')])
    process.emit('SIGUSR2', 'SIGUSR2')
    await ended
  })

  it('lets requests finish that are under way, and keeps no connection for others', async () => {
    const responses: ServerResponse[] = []
    const { server, url } = await serveHttp((_req, res) => responses.push(res))
    server.keepAliveTimeout = 60_000
    onTestFinished(drainOnSignal(server, createHub(), { signals: ['SIGUSR2'], drain: 0 }))
    const answered = fetch(url)
    await once(server, 'request')
    const closed = once(server, 'close')
    process.emit('SIGUSR2', 'SIGUSR2')
    await vi.waitUntil(() => !server.listening)
    responses[0]?.end('done')
    expect(await (await answered).text()).toBe('done')
    await closed
  })

  it('lets a response go out that was ended and is still being taken', async () => {
    const size = 30_000_000
    const { server, port, url } = await serveHttp((_req, res) => res.end(Buffer.alloc(size)))
    onTestFinished(drainOnSignal(server, createHub(), { signals: ['SIGUSR2'], drain: 0 }))
    const slow = new RawClient(port, { reads: false }).request('GET /')
    await once(server, 'request')
    const closed = once(server, 'close')
    process.emit('SIGUSR2', 'SIGUSR2')
    await vi.waitUntil(() => !server.listening)
    await expect(fetch(url)).rejects.toThrow()
    await sweeps()
    // The server has closed as soon as the kernel has the last of it, which then is still on its way.
    const taken = once(slow.socket, 'close')
    slow.socket.resume()
    await Promise.all([closed, taken])
    expect(slow.received.length).toBeGreaterThan(size)
  })

  it('closes connections that are kept for more, or were never used, whatever clients mean to do with them', async () => {
    const hub = createHub()
    const { server, port } = await serveHttp((req, res) => {
      if (req.url === '/plain') res.end('plain')
      else void eventStream(req, res, hub.subscribe('a'))
    })
    server.keepAliveTimeout = 60_000
    onTestFinished(drainOnSignal(server, hub, { signals: ['SIGUSR2'], drain: 1_200 }))
    const stream = new RawClient(port).request('GET /', 'Accept: text/event-stream')
    await stream.until('id: ')
    const other = new RawClient(port).request('GET /', 'Accept: text/event-stream')
    const idle = new RawClient(port).request('GET /plain')
    const unused = new RawClient(port)
    await Promise.all([other.until('id: '), idle.until('plain'), once(unused.socket, 'connect')])
    const toldEarly = [stream, idle].map(({ socket }) => once(socket, 'close'))
    const [closed, unusedClosed] = [once(server, 'close'), once(unused.socket, 'close')]
    process.emit('SIGUSR2', 'SIGUSR2')
    await Promise.all(toldEarly)
    expect(server.listening, 'over these a client would come back to where it was').toBe(true)
    const late = new RawClient(port).request('GET /', 'Accept: text/event-stream')
    expect(await late.until('retry: ')).toContain('Connection: close')
    await Promise.all([closed, unusedClosed])
  })

  it('cuts clients that do not take the last of their streams, a second after the window', async () => {
    const hub = createHub({ heartbeat: false, stallTimeout: 600_000 })
    const { server, port } = await serveHttp((req, res) => void eventStream(req, res, hub.subscribe('a')))
    onTestFinished(drainOnSignal(server, hub, { signals: ['SIGUSR2'], drain: 300 }))
    const stalled = new RawClient(port).request('GET /', 'Accept: text/event-stream')
    const healthy = new RawClient(port).request('GET /', 'Accept: text/event-stream')
    await Promise.all([stalled.until('id: '), healthy.until('id: ')])
    stalled.socket.pause()
    const data = 'x'.repeat(1_000_000)
    while (hub.stats().lagging === 0) {
      await hub.publish('a', { data })
      await nextTurn()
    }
    const [began, closed] = [performance.now(), once(server, 'close')]
    process.emit('SIGUSR2', 'SIGUSR2')
    await closed
    expect(performance.now() - began).toBeLessThan(300 + 2_000)
    expect(healthy.received).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
  })

  it('ends what a POST streams at the deadline, if it has not ended by itself', async () => {
    const hub = createHub()
    const { server, url } = await serveHttp((req, res) => {
      void eventStream(req, res, endless, { hub })
    })
    onTestFinished(drainOnSignal(server, hub, { signals: ['SIGUSR2'], drain: 200 }))
    const answer = await fetch(url, { method: 'POST', body: '{}' })
    const closed = once(server, 'close')
    process.emit('SIGUSR2', 'SIGUSR2')
    expect(await answer.text()).toMatch(/data: first\n\nretry: \d+\n\n$/)
    await closed
  })

  it('ends at any of several signals, and lets all of them do what they did after the first', async () => {
    const before = process.listenerCount('SIGUSR2')
    const { server } = await serveHttp(() => {})
    drainOnSignal(server, createHub(), { signals: ['SIGUSR2', 'SIGWINCH'], drain: 0 })
    const closed = once(server, 'close')
    process.emit('SIGWINCH', 'SIGWINCH')
    expect(process.listenerCount('SIGUSR2')).toBe(before)
    await closed
  })

  it('sends new streams of HTTP/2 to connections of their own, while those that there are go on', async () => {
    const hub = createHub()
    const { server, url } = await serveHttp2((req, res) => void eventStream(req, res, hub.subscribe('a')))
    onTestFinished(drainOnSignal(server, hub, { signals: ['SIGUSR2'], drain: 500 }))
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const texts = await Promise.all([textIn(session), textIn(session)])
    const told = once(session, 'goaway')
    const closed = once(server, 'close')
    process.emit('SIGUSR2', 'SIGUSR2')
    await told
    await hub.publish('a', { data: 'to who is still there' })
    await closed
    const [first = '', last = ''] = await Promise.all(texts.map(({ end }) => end))
    expect(first).toMatch(/retry: \d+\n\n$/)
    expect(last).toMatch(/data: to who is still there\n(.+\n)?\nretry: \d+\n\n$/)
  })

  it('ends the streams of several hubs, and the server also if one of them cannot be closed', async () => {
    const [one, other] = [createHub(), createHub()]
    const broken = { close: () => Promise.reject(new Error('an engine that hangs on')) }
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { server, url } = await serveHttp((req, res) => {
      void eventStream(req, res, (req.url === '/one' ? one : other).subscribe('a'))
    })
    onTestFinished(drainOnSignal(server, [broken, one, other], { signals: ['SIGUSR2'], drain: 0 }))
    const streams = await Promise.all([readEvents(`${url}one`).response, readEvents(`${url}other`).response])
    const closed = once(server, 'close')
    process.emit('SIGUSR2', 'SIGUSR2')
    await Promise.all([closed, ...streams.map((stream) => stream.text())])
    expect(told).toHaveBeenCalledExactlyOnceWith(
      '@sse/core: drain:',
      expect.objectContaining({ message: 'an engine that hangs on' }),
    )
  })

  it('can be taken back', async () => {
    const before = process.listenerCount('SIGTERM')
    const { server } = await serveHttp(() => {})
    const takeBack = drainOnSignal(server, createHub())
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    takeBack()
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  it('refuses what is no server, and no hub', async () => {
    const { server } = await serveHttp(() => {})
    // In plain JavaScript nothing else would say so.
    const drain = drainOnSignal as (server: unknown, hub: unknown) => void
    const refusal = (name: string): unknown =>
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) })
    for (const none of [undefined, null, createHub()]) expect(() => drain(none, createHub())).toThrow(refusal('server'))
    for (const none of [undefined, null, {}, [createHub(), null]])
      expect(() => drain(server, none)).toThrow(refusal('hub'))
  })

  it.each([
    ['drain', { drain: -1 }],
    ['drain', { drain: Number.NaN }],
    ['signals', { signals: [] }],
  ])('refuses a bad `%s`', async (name, options) => {
    const { server } = await serveHttp(() => {})
    expect(() => drainOnSignal(server, createHub(), options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
  })
})
