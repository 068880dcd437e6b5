import { once } from 'node:events'
import { Agent, request, type ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { fileURLToPath } from 'node:url'
import { startServer } from '@sse/tooling/server-process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveHttp, serveHttp2 } from '../../test/http-server.ts'
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
