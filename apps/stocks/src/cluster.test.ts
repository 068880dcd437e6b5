import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type EventReading, readEvents } from '@sse/core/testing'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import { freePort } from '@sse/tooling/engines'
import { sharedNats, sharedRedis } from '@sse/tooling/engines-for-test'
import { endOfServer, startServer } from '@sse/tooling/server-process'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { createClient } from 'redis'
import { afterAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import type { FleetEvents, NodeStatus } from './nodes/status.ts'
import { figures, more, numberOf, verdict } from './testing/page-reading.ts'

const cluster = fileURLToPath(new URL('cluster.ts', import.meta.url))
const screenshots = fileURLToPath(new URL('../.reports/screenshots/', import.meta.url))
const client = 'c'.repeat(32)

/** What a browser says of a stream that breaks off. */
const BROKEN = 'Failed to load resource: net::ERR_INCOMPLETE_CHUNKED_ENCODING'

const engines = { redis: sharedRedis({ password: 'secret' }), nats: sharedNats({ token: 'secret' }) }
const clusters = { redis: sharedCluster('redis'), nats: sharedCluster('nats') }
let browser: Browser | undefined

afterAll(async () => {
  await browser?.close()
})

describe('cluster.ts', { timeout: BROWSER_TIMEOUT }, () => {
  it.for([
    ['redis', 'desktop-light', 1280, 900, 'light'],
    ['nats', 'desktop-dark', 1280, 900, 'dark'],
  ] as const)('lets a page go on where its node was killed, one log in %s', async (params, context) => {
    const [log, name, width, height, colorScheme] = params
    const { url } = await clusters[log](context)
    const { page, complaints } = await open(context, url, { viewport: { width, height }, colorScheme })
    const killed = String(await page.textContent('#node'))
    await page.click('.is-here .node-button')
    expect(await verdict(page, 'nodes')).toBe('Nothing is missing.')
    const { replayed, missing, twice } = await figures(page, 'nodes')
    expect(numberOf(replayed)).toBeGreaterThan(0)
    expect([missing, twice]).toEqual(['0', '0'])
    await expect.poll(() => page.textContent('#node')).not.toBe(killed)
    await more(page, 50)
    expect([await page.textContent('#missing'), await page.textContent('#gaps')]).toEqual(['0', '0'])
    await expect.poll(() => page.locator('.node[data-state="down"] h3').textContent()).toMatch(new RegExp(killed, 'i'))
    await photograph(page, `nodes-${name}`)

    const ports = await page.locator('.node-port').allTextContents()
    await page.click('.node[data-state="down"] .node-button')
    await expect.poll(() => page.locator('.node[data-state="up"]').count(), { timeout: 10_000 }).toBe(3)
    expect(await page.locator('.node-port').allTextContents()).toEqual(ports)
    expect(complaints.filter((text) => text !== BROKEN)).toEqual([])
  })

  it.for(['redis', 'nats'] as const)('tells a page of a stream that was deleted in %s', async (log, context) => {
    const { url } = await clusters[log](context)
    const { page, complaints } = await open(context, url)
    await page.click('#restart')
    expect(await verdict(page, 'restart')).toBe('You were told, and the connection stayed open.')
    await more(page, 50)
    expect([await page.textContent('#missing'), await page.textContent('#gaps')]).toEqual(['0', '1'])
    expect(complaints).toEqual([])
  })

  it('shows which page is where, and that it has not noticed the end of another node', async (context) => {
    const { url } = await clusters.redis(context)
    const { page: first } = await open(context, url)
    const { page: second } = await open(context, url, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    const own = await first.locator('.is-here .is-own').textContent()
    const other = String(own?.split(',')[0])
    await expect.poll(() => second.locator('.is-here .is-own').count()).toBe(1)
    await expect
      .poll(() => second.locator('.node-pages li:not(.is-own, .is-nobody)').allTextContents())
      .toEqual([other])
    expect(await second.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await photograph(second, 'nodes-mobile-dark')

    await second.locator('.node', { hasText: other }).getByRole('button').click()
    expect(await verdict(second, 'nodes')).toBe('This page has noticed nothing.')
    await more(first, 100)
    expect([await first.textContent('#missing'), await first.textContent('#gaps')]).toEqual(['0', '0'])
  })

  it('serves the page on each node’s own port, too, which says so', async (context) => {
    const { url } = await clusters.redis(context)
    const [node] = await nodesOf(url)
    if (node === undefined) throw new Error('There is no node')
    const { page, complaints } = await open(context, `http://localhost:${node.port}`)
    expect(await page.textContent('#own-node')).toBe(node.name)
    expect(await page.locator('#balancer').getAttribute('href')).toBe(`${url}/`)
    expect(await page.locator('#nodes').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  it('lets no other site kill a node, and knows no others', async (context) => {
    const { url } = await clusters.redis(context)
    const post = (path: string, site: string) =>
      fetch(`${url}${path}`, { method: 'POST', headers: { 'Sec-Fetch-Site': site } })
    expect((await post('/nodes/node%201/kill', 'cross-site')).status).toBe(403)
    expect((await post('/nodes/node%201/kill', 'same-site')).status).toBe(403)
    expect((await post('/nodes/node%204/kill', 'same-origin')).status).toBe(404)
    expect((await fetch(`${url}/nodes/node%201/kill`)).status).toBe(404)
    expect((await nodesOf(url)).map(({ state }) => state)).toEqual(['up', 'up', 'up'])
  })

  it('[H10] serves whatever address it is asked for, and what it cannot parse ends nothing', async (context) => {
    const { url } = await clusters.redis(context)
    const paths = ['http://[/nodes', `http://x:99999/events?client=${client}`, '//', '/%', '/nodes/%/kill', '/\u00e9']
    for (const path of paths) {
      const [response] = await once(get(url, { path, agent: false }), 'response')
      expect(response.statusCode, path).toBeLessThan(500)
      response.destroy()
    }
    expect(await nodesOf(url)).toHaveLength(3)
  })

  it.for(['redis', 'nats'] as const)(
    'misses no tick when the publisher is killed: another goes on, in %s',
    async (log, context) => {
      const { url, child } = await clusters[log](context)
      const events = readEvents(`${url}/events?client=${client}`)
      const before = await nextLive(events)
      const [publisher] = processesOf(child.pid).filter(({ command }) => command.endsWith('publisher.ts'))
      process.kill(publisher?.pid ?? 0, 'SIGKILL')
      for (let n = before + 1; n < before + 100; n++) expect(await nextLive(events)).toBe(n)
      await events.return()
    },
  )

  it.for(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('leaves nothing behind after %s', async (signal, context) => {
    const env = await environment('redis', context)
    const streams = await streamsIn(env.LOG_URL)
    const { url, child } = await startServer(cluster, { ...env, NODE_PORTS: '0' })
    expect(await streamsIn(env.LOG_URL)).toHaveLength(streams.length + 1)
    expect(url).toContain('http://localhost:')
    const processes = processesOf(child.pid)
    expect(processes).toHaveLength(2)
    for (const path of ['events', 'nodes']) await readEvents(`${url}/${path}?client=${client}`).next()
    const exited = once(child, 'exit')
    child.kill(signal)
    expect(await exited).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [0, null])
    for (const { pid } of processes) await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false)
    // A process that was killed cannot tidy up.
    if (signal !== 'SIGKILL') expect(await streamsIn(env.LOG_URL)).toEqual(streams)
  })

  it('says so where there is no engine', async () => {
    const address = `redis://127.0.0.1:${await freePort()}`
    const { code, said } = await endOfServer(cluster, { LOG: 'redis', LOG_URL: address, PORT: '0' })
    expect(code).toBe(1)
    expect(said).toMatch(/Redis at 127\.0\.0\.1:\d+.*ECONNREFUSED/)
  })
})

async function environment(log: keyof typeof engines, context: TestContext): Promise<NodeJS.ProcessEnv> {
  const { url } = await engines[log](context)
  return { LOG: log, LOG_URL: url, PORT: '0', SEED: '1' }
}

interface Cluster {
  readonly url: string
  readonly child: ChildProcess
}

/** One cluster for all tests: started by the first that asks, and whole again for the next. */
function sharedCluster(log: keyof typeof engines): (context: TestContext) => Promise<Cluster> {
  let starting: Promise<Cluster> | undefined
  afterAll(async () => {
    const child = (await starting)?.child
    child?.kill('SIGTERM')
    if (child?.exitCode === null) await once(child, 'exit')
  })
  return async (context) => {
    const env = await environment(log, context)
    starting ??= startCluster(env)
    const started = await starting
    for (const { name, state } of await nodesOf(started.url)) {
      if (state === 'down') await fetch(`${started.url}/nodes/${encodeURIComponent(name)}/start`, { method: 'POST' })
    }
    return started
  }
}

async function startCluster(env: NodeJS.ProcessEnv): Promise<Cluster> {
  const child = spawn(process.execPath, [cluster], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const text of child.stdout) {
    said += String(text)
    if (said.includes('\n')) break
  }
  return { url: /http:\S+/.exec(said)?.[0] ?? '', child }
}

/** Opens a page, and waits until ticks come. */
async function open(
  context: TestContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: readonly string[] }> {
  browser ??= await launchChromium(context)
  const tab = await browser.newContext(options)
  onTestFinished(() => tab.close())
  const page = await tab.newPage()
  page.setDefaultTimeout(45_000)
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  await more(page, 60)
  return { page, complaints }
}

async function photograph(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0)
  await page.evaluate(() => scrollTo(0, 0))
  await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true })
}

async function nodesOf(url: string): Promise<readonly NodeStatus[]> {
  const events = await readEvents(`${url}/nodes?client=${client}`, { until: ({ event }) => event === 'nodes' })
  const { nodes }: FleetEvents['nodes'] = JSON.parse(events.at(-1)?.data ?? '')
  return nodes
}

/** The number of the next tick that is not part of a snapshot. */
async function nextLive(events: EventReading): Promise<number> {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new Error('The stream has ended')
    if (value.event === 'price' && value.id !== '') return JSON.parse(value.data).n
  }
}

async function streamsIn(url: string | undefined): Promise<string[]> {
  const client = await createClient({ url }).connect()
  const keys = await client.keys('stocks-*')
  client.destroy()
  return keys.toSorted()
}

function processesOf(parent: number | undefined): { pid: number; command: string }[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' })
  return Array.from(stdout.matchAll(/^ *(\d+) (.*)$/gm), ([, pid, command = '']) => ({ pid: Number(pid), command }))
}

function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
  return !['', 'Z'].includes(stdout.trim())
}
