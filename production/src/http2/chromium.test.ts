import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createHub, type Hub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { listen } from '../servers/listen.ts'
import { node } from '../servers/node.ts'
import type { RunningServer } from '../servers/server.ts'
import type { Protocol } from '../servers/site.ts'
import { feedOf, PATIENTLY, tlsForTest } from './served.ts'

const SOURCES = 100

describe('a hundred `EventSource`s in one tab of Chromium', { timeout: BROWSER_TIMEOUT }, () => {
  it('[H18] all open over HTTP/2, get every event, and go on where they were whatever becomes of their streams', async (context) => {
    const hub = createHub({ retry: 50 })
    const { page, sessions, streams } = await openTab(context, await serverOf(hub, 'h2'))
    await vi.waitFor(() => expect(hub.size).toBe(SOURCES), PATIENTLY)
    let published = 0
    const publish = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await hub.publish('feed', { data: String(published++) })
    }
    await publish(20)
    await untilAllHave(page, published)
    const drops: readonly (() => unknown)[] = [
      () => hub.disconnect(() => true),
      () => reset(streams, constants.NGHTTP2_CANCEL),
      () => reset(streams, constants.NGHTTP2_INTERNAL_ERROR),
      () => {
        for (const session of sessions) session.close()
        hub.disconnect(() => true)
      },
      () => {
        for (const session of sessions) session.destroy()
      },
    ]
    for (const [n, drop] of drops.entries()) {
      drop()
      await publish(5)
      await vi.waitFor(() => expect(hub.stats().opened).toBe((n + 2) * SOURCES), PATIENTLY)
      await publish(5)
      await untilAllHave(page, published)
    }
    expect(hub.stats().closed.slow + hub.stats().closed.stalled).toBe(0)
  })

  it('[H18] wait for each other over HTTP/1.1, where six are open', async (context) => {
    const hub = createHub()
    const { page } = await openTab(context, await serverOf(hub, 'http1'))
    await vi.waitFor(() => expect(hub.size).toBe(6), PATIENTLY)
    for (let n = 0; n < 20; n++) {
      await hub.publish('feed', { data: String(n) })
      await vi.waitFor(
        async () => expect(await lengths(page)).toEqual([...Array(6).fill(n + 1), ...Array(94).fill(0)]),
        PATIENTLY,
      )
    }
    expect(hub.size).toBe(6)
    const [first] = hub.connections
    await page.evaluate('sources[0].close()')
    await vi.waitFor(() => expect([...hub.connections].some(({ id }) => id === first?.id)).toBe(false), PATIENTLY)
    await vi.waitFor(() => expect(hub.size).toBe(6), PATIENTLY)
  })
})

describe('what else a tab of Chromium asks for beside a hundred `EventSource`s', { timeout: BROWSER_TIMEOUT }, () => {
  it.for<readonly [string, number | undefined, unknown]>([
    ['waits for ever, where a server of Node does not say how many streams there may be', undefined, 'TimeoutError'],
    ['is answered, where it does', 200, 404],
  ])('%s', async ([, maxConcurrentStreams, answer], context) => {
    const hub = createHub()
    const settings = maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }
    const server = createSecureServer({ ...tlsForTest(), settings }, (request, response) => {
      if (request.url === '/feed') void eventStream(request, response, hub.subscribe('feed'))
      else response.writeHead(404).end()
    })
    const { page } = await openTab(context, await listen(hub, server))
    await vi.waitFor(() => expect(hub.size).toBe(SOURCES), PATIENTLY)
    const asked = page.evaluate(`
      fetch('/other', { signal: AbortSignal.timeout(1_000) }).then(({ status }) => status, ({ name }) => name)
    `)
    expect(await asked).toBe(answer)
  })
})

interface Tab {
  readonly page: Page
  readonly sessions: ReadonlySet<ServerHttp2Session>
  readonly streams: ReadonlySet<ServerHttp2Stream>
}

function serverOf(hub: Hub, protocol: Protocol): Promise<RunningServer> {
  return node.start({ hub, protocol, tls: tlsForTest(), routes: [feedOf(hub)] })
}

/** Opens them; what each has got stands in `got`. The server ends with the test. */
async function openTab(context: TestContext, running: RunningServer): Promise<Tab> {
  onTestFinished(running.close)
  const sessions = new Set<ServerHttp2Session>()
  const streams = new Set<ServerHttp2Stream>()
  running.server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  running.server.on('stream', (stream: ServerHttp2Stream) => {
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
  })
  // Where a page is told to ignore them, each request finds out anew, on a connection of its own.
  const browser = await launchChromium(context, ['--ignore-certificate-errors'])
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: '' }))
  await page.goto(`${running.url}/page`)
  // Until it knows that it is HTTP/2, it opens several connections.
  await page.evaluate("fetch('/other').then(({ status }) => status)")
  await page.evaluate(`
    var got = []
    var sources = Array.from({ length: ${SOURCES} }, (_, n) => {
      got[n] = []
      const source = new EventSource('/feed')
      source.onmessage = ({ data }) => got[n].push(Number(data))
      source.addEventListener('sse.gap', () => got[n].push('gap'))
      return source
    })
  `)
  return { page, sessions, streams }
}

function lengths(page: Page): Promise<readonly number[]> {
  return page.evaluate('got.map((events) => events.length)')
}

/** Each has got all events so far, once, in order. */
async function untilAllHave(page: Page, count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, n) => n)
  await vi.waitFor(async () => expect(Math.min(...(await lengths(page)))).toBeGreaterThanOrEqual(count), PATIENTLY)
  for (const events of await page.evaluate<readonly unknown[]>('got')) expect(events).toEqual(all)
}

function reset(streams: ReadonlySet<ServerHttp2Stream>, code: number): void {
  for (const stream of streams) stream.close(code)
}
