import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DemoState, findDemos, freePort, isFree, runDemo, startDemo } from '../scripts/demos.mjs'
import { type Landing, startLandingPage } from '../scripts/landing.mjs'
import { launch } from '../scripts/launch.mjs'
import { launchChromium } from './chromium.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A demo in one file: it answers with its name, and ends at SIGTERM. */
const server = `
  import { createServer } from 'node:http'
  createServer((request, response) => response.end(process.cwd())).listen(process.env.PORT)
  process.once('SIGTERM', () => process.exit(0))
`

/** One that breaks down when it is asked to. */
const breaking = `
  import { createServer } from 'node:http'
  createServer(({ url }, response) => (url === '/break' ? process.exit(7) : response.end())).listen(process.env.PORT)
`

const never = new AbortController().signal
let apps: string

beforeEach(() => {
  apps = mkdtempSync(join(tmpdir(), 'demos-'))
})

afterEach(() => {
  rmSync(apps, { recursive: true })
})

/** Adds a demo; what its package.json says beside its name can be given. */
function addDemo(name: string, source: string, own: object = {}): void {
  const directory = join(apps, name)
  mkdirSync(directory)
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name, scripts: { start: 'node server.mjs' }, ...own }),
  )
  writeFileSync(join(directory, 'server.mjs'), source)
}

describe('findDemos', () => {
  it('finds each package with a start script, and nothing else', () => {
    addDemo('stocks', server)
    addDemo('chat', server)
    mkdirSync(join(apps, 'node_modules'))
    writeFileSync(join(apps, 'README.md'), '')
    expect(findDemos(apps).map(({ name }) => name)).toEqual(['chat', 'stocks'])
  })

  it('sees by its dependencies which framework a demo shows', () => {
    addDemo('stocks', server, { dependencies: { '@sse/core': '*', '@sse/nest': '*' } })
    addDemo('chat', server)
    expect(findDemos(apps).map(({ framework }) => framework)).toEqual([undefined, 'Nest'])
  })

  it('refuses a start script that it could not stop', () => {
    addDemo('stocks', server, { scripts: { start: 'tsx server.mjs' } })
    expect(() => findDemos(apps)).toThrow('The start script of stocks must be `node`')
  })
})

describe('freePort', () => {
  it('passes over a port that is taken, on whichever address', async () => {
    for (const host of ['127.0.0.1', undefined]) {
      const taken = createServer()
      const port = await new Promise<number>((resolve) => {
        taken.listen({ port: 0, host }, () => {
          const address = taken.address()
          if (address !== null && typeof address === 'object') resolve(address.port)
        })
      })
      expect(await isFree(port)).toBe(false)
      expect(await freePort(port)).toBeGreaterThan(port)
      await new Promise((resolve) => taken.close(resolve))
      expect(await isFree(port)).toBe(true)
    }
  })
})

describe('startDemo', () => {
  it('answers once the address does, and stops the demo', async () => {
    addDemo('stocks', server)
    const demo = await startOnly()
    expect(await (await fetch(demo.url)).text()).toContain('stocks')
    demo.stop()
    expect(await demo.closed).toEqual([0, null])
  })

  it('fails where the demo ends before it answers', async () => {
    addDemo('stocks', 'process.exit(3)')
    await expect(startOnly()).rejects.toThrow('stocks ended with code 3 before it answered')
  })

  async function startOnly() {
    const [demo] = findDemos(apps)
    if (demo === undefined) throw new Error('There is no demo')
    return startDemo(demo, await freePort(41_000), never)
  }
})

describe('runDemo', () => {
  it('tells that a demo starts, runs, and has ended', async () => {
    addDemo('stocks', server)
    const stopping = new AbortController()
    const told = await run(stopping.signal, (state) => {
      if (state === 'running') stopping.abort()
    })
    expect(told).toEqual([['starting'], ['running'], ['stopped', 'It has ended']])
  })

  it('tells that a demo did not start', async () => {
    addDemo('stocks', 'process.exit(3)')
    expect(await run(never)).toEqual([['starting'], ['failed', 'stocks ended with code 3 before it answered']])
  })

  it('tells that a demo broke down while it ran', async () => {
    addDemo('stocks', breaking)
    const told = await run(never, (state, port) => {
      if (state === 'running') void fetch(`http://localhost:${port}/break`).catch(() => {})
    })
    expect(told).toEqual([['starting'], ['running'], ['failed', 'It ended with code 7']])
  })

  async function run(signal: AbortSignal, onState: (state: DemoState, port: number) => void = () => {}) {
    const [demo] = findDemos(apps)
    if (demo === undefined) throw new Error('There is no demo')
    const port = await freePort(41_200)
    const told: unknown[][] = []
    await runDemo(demo, port, signal, (state, detail) => {
      told.push(detail === undefined ? [state] : [state, detail])
      onState(state, port)
    })
    return told
  }
})

describe('startLandingPage', () => {
  let landing: Landing

  beforeEach(async () => {
    addDemo('stocks', server, { dependencies: { '@sse/express': '*' }, description: 'Demo: <ticks>, with Express' })
    addDemo('chat', server)
    mkdirSync(join(apps, 'chat', 'public'))
    writeFileSync(join(apps, 'chat', 'public', 'icon.svg'), '<svg/>')
    const shown = findDemos(apps).map((demo, index) => ({ demo, port: 4_001 + index }))
    landing = await startLandingPage(shown, await freePort(41_500))
  })

  afterEach(async () => {
    landing.stop()
    await landing.closed
  })

  it('leads to each demo, with its framework and what it shows, its words escaped', async () => {
    const page = await (await fetch(landing.url)).text()
    expect(page).toContain('<a href="http://localhost:4002">Stocks</a> <span class="framework">Express</span>')
    expect(page).toContain('<p class="shows">&#60;ticks&#62;.</p>')
    expect(page).toContain('<a href="http://localhost:4001">Chat</a>')
    expect(page).toContain('Two demos')
    const loaded = [...page.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path)
    expect(loaded).toContain('/icons/chat.svg')
    for (const path of loaded.filter((path) => path !== '/events')) {
      expect((await fetch(landing.url + path)).status, path).toBe(200)
    }
    for (const path of ['/icons/stocks.svg', '/../package.json', '/landing.mjs', '//']) {
      expect((await fetch(landing.url + path)).status, path).toBe(404)
    }
  })

  it('says how the demos are, in the page and in a stream, which goes on with every change', async () => {
    landing.tell('stocks', 'failed', 'It ended with code 1')
    const page = await (await fetch(landing.url)).text()
    expect(page).toContain('data-name="chat" data-state="starting"')
    expect(page).toContain('data-name="stocks" data-state="failed"')
    const events = await openEvents(landing.url)
    expect(await events.next()).toEqual({ name: 'chat', state: 'starting' })
    expect(await events.next()).toEqual({ name: 'stocks', state: 'failed', detail: 'It ended with code 1' })
    landing.tell('chat', 'running')
    expect(await events.next()).toEqual({ name: 'chat', state: 'running' })
    landing.stop()
    expect(await events.next()).toBeUndefined()
    landing.tell('chat', 'stopped')
  })
})

describe('launch', () => {
  let stopping: AbortController

  beforeEach(() => {
    stopping = new AbortController()
  })

  afterEach(() => {
    stopping.abort()
  })

  it('starts all demos behind one page; one that fails takes no other down; the signal ends everything', async () => {
    addDemo('broken', 'process.exit(3)')
    addDemo('breaking', breaking)
    addDemo('stocks', server)
    const port = await freePort(42_000)
    const { lines, print } = printer()
    const launched = launch(findDemos(apps), port, stopping.signal, print)
    await expect.poll(() => lines.join('\n'), { timeout: 15_000 }).toContain('leads to all of them')
    const printed = lines.join('\n')
    expect(printed).toMatch(/ {2}broken +http:\/\/localhost:\d+ {2}failed/)
    const urls = Object.fromEntries(
      Array.from(printed.matchAll(/ {2}(\w+) +(http:\S+) {2}running/g), ([, name, url]) => [name, url]),
    )
    expect(Object.keys(urls)).toEqual(['breaking', 'stocks'])

    const events = await openEvents(`http://localhost:${port}`)
    for (const state of ['running', 'failed', 'running']) expect(await events.next()).toMatchObject({ state })
    await fetch(`${urls.breaking}/break`).catch(() => {})
    expect(await events.next()).toEqual({ name: 'breaking', state: 'failed', detail: 'It ended with code 7' })
    expect((await fetch(String(urls.stocks))).status).toBe(200)

    stopping.abort()
    await launched
    for (const url of [urls.stocks, `http://localhost:${port}`]) await expect(fetch(String(url))).rejects.toThrow()
  })

  it('ends when all demos have ended', async () => {
    addDemo('broken', 'process.exit(3)')
    const { lines, print } = printer()
    await launch(findDemos(apps), await freePort(42_500), never, print)
    expect(lines).toContain('broken: broken ended with code 3 before it answered')
  })

  it('refuses a port that is taken', async () => {
    addDemo('stocks', server)
    const taken = createServer().listen(0)
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(launch(findDemos(apps), port, never)).rejects.toThrow(`Port ${port} is taken`)
    taken.close()
  })

  function printer() {
    const lines: string[] = []
    const print = { log: (line: string) => void lines.push(line), error: (line: string) => void lines.push(line) }
    return { lines, print }
  }
})

describe('the landing page in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser | undefined

  afterAll(async () => {
    await browser?.close()
  })

  it.for([
    ['desktop-light', 1280, 900, 'light'],
    ['desktop-dark', 1280, 900, 'dark'],
    ['mobile-light', 390, 844, 'light'],
    ['mobile-dark', 390, 844, 'dark'],
  ] as const)(
    'shows the four demos and how they are, and is photographed: %s',
    async ([name, width, height, colorScheme], context) => {
      browser ??= await launchChromium(context)
      const shown = findDemos(join(root, 'apps')).map((demo, index) => ({ demo, port: 4_001 + index }))
      const landing = await startLandingPage(shown, await freePort(43_000))
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(landing.url)

      const cards = () =>
        page.locator('.demo').evaluateAll((all) => all.map((card) => card.textContent?.trim().split(/\s+/)))
      expect((await cards()).map((words) => words?.slice(0, 2).join(' '))).toEqual([
        'News Koa',
        'Notifications Nest',
        'Stocks Express',
        'Tokens Hono',
      ])
      const states = () => page.locator('.state').allTextContents()
      expect(await states()).toEqual(['starting', 'starting', 'starting', 'starting'])
      for (const name of ['news', 'notifications', 'tokens']) landing.tell(name, 'running')
      landing.tell('tokens', 'failed', 'It ended with code 1')
      await expect.poll(states).toEqual(['running', 'running', 'starting', 'failed'])
      expect(await page.locator('[data-name="tokens"] .detail').textContent()).toBe('It ended with code 1')
      expect(await page.locator('[data-name="news"] a').getAttribute('href')).toBe('http://localhost:4001/')
      expect(await page.locator('#wire').textContent()).toContain(
        'event: demo\ndata: {"name":"tokens","state":"failed"',
      )
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      expect(complaints).toEqual([])
      await page.screenshot({ path: join(root, 'tooling/.reports/screenshots', `landing-${name}.png`), fullPage: true })

      landing.stop()
      await page.locator('body.is-away').waitFor()
      await page.close()
    },
  )
})

/** The data of the events of a landing page's stream, one after the other; undefined when it has ended. */
async function openEvents(url: string): Promise<{ next(): Promise<unknown> }> {
  const { body } = await fetch(`${url}/events`)
  if (body === null) throw new Error('There is no stream')
  const data = linesOf(body)
  return { next: async () => (await data.next()).value }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of body) {
    const lines = (text + decoder.decode(bytes, { stream: true })).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
  }
}
