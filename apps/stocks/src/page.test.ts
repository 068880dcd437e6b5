import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createStocks, type Stocks } from './app.ts'
import { startFeed, warmUp } from './feed.ts'
import { figures, more, numberOf, verdict } from './testing/page-reading.ts'

const screenshots = fileURLToPath(new URL('../.reports/screenshots/', import.meta.url))

describe('the page in Chromium', { timeout: BROWSER_TIMEOUT }, () => {
  let browser: Browser | undefined
  let stocks: Stocks
  let server: Server
  let stopFeed: () => void
  let complaints: string[]

  beforeEach(async (context) => {
    browser ??= await launchChromium(context)
    stocks = createStocks({ seed: 1 })
    warmUp(stocks.market, Date.now())
    server = createServer(stocks.app).listen(0)
    await once(server, 'listening')
    stopFeed = startFeed(stocks.hub, stocks.market)
    complaints = []
  }, BROWSER_TIMEOUT)

  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
    stopFeed?.()
    server?.close()
    await stocks?.hub.close()
    server?.closeAllConnections()
  })

  afterAll(async () => {
    await browser?.close()
  })

  /** Opens the page and waits until ticks come. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    if (browser === undefined) throw new Error('There is no browser')
    const page = await (await browser.newContext(options)).newPage()
    page.setDefaultTimeout(45_000)
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!request.url().startsWith(baseOf(server))) complaints.push(request.url())
    })
    await page.goto(baseOf(server))
    await more(page, 100)
    return page
  }

  it('shows every tick as it comes, and how the stream is', async () => {
    const page = await open()
    expect(await page.locator('#board tr').count()).toBeGreaterThanOrEqual(20)
    expect(await page.textContent('#state')).toBe('open')
    expect(await page.textContent('#seed')).toBe('1')
    expect(await page.textContent('#missing')).toBe('0')
    expect(await page.textContent('#gaps')).toBe('0')
    const id = await page.textContent('#last-event-id')
    expect(id).toMatch(/^[0-9a-zA-Z-]+\.[0-9]+$/)
    await more(page, 20)
    expect(await page.textContent('#last-event-id')).not.toBe(id)
    expect(Number(await page.textContent('#rate'))).toBeGreaterThan(10)
    await expect.poll(() => page.textContent('#stats')).toContain('Clients1')
    expect(complaints).toEqual([])
  })

  it('draws what is chosen, at most four, also from the keyboard', async () => {
    const page = await open()
    const legend = () => page.locator('#legend b').allTextContents()
    expect(await legend()).toEqual(['FJRD', 'JUNA', 'TDEN'])
    await expect.poll(() => hasLine(page, '--series-1')).toBe(true)
    expect(await hasLine(page, '--series-4')).toBe(false)
    await page.getByRole('button', { name: 'ALDR' }).press('Enter')
    await page.getByRole('button', { name: 'BRSK' }).press('Space')
    expect(await legend()).toEqual(['BRSK', 'JUNA', 'TDEN', 'ALDR'])
    const pressed = await page.locator('.pick[aria-pressed="true"]').allTextContents()
    expect(pressed.toSorted()).toEqual(['ALDR', 'BRSK', 'JUNA', 'TDEN'])
    await expect.poll(() => hasLine(page, '--series-4')).toBe(true)
    expect(complaints).toEqual([])
  })

  it('comes back from a dropped connection with nothing missing', async () => {
    const page = await open()
    await page.click('#drop')
    await page.locator('#state', { hasText: 'reconnecting' }).waitFor()
    expect(await verdict(page, 'drop')).toBe('Nothing is missing.')
    const { replayed, missing } = await figures(page, 'drop')
    expect(Number(replayed)).toBeGreaterThan(0)
    expect(missing).toBe('0')
    await more(page, 50)
    expect(await page.textContent('#state')).toBe('open')
    expect(await page.textContent('#missing')).toBe('0')
    expect(await page.textContent('#gaps')).toBe('0')
    expect(complaints).toEqual([])
  })

  it('is sent the newest value of each key, and not the outdated ones, after being slow', async () => {
    const page = await open()
    await page.click('#slow')
    await expect.poll(() => stocks.hub.stats().lagging, { timeout: BROWSER_TIMEOUT }).toBe(1)
    expect(await verdict(page, 'slow')).toBe('The newest value of all 24 keys came.')
    const { published, received, conflated } = await figures(page, 'slow')
    expect(numberOf(conflated)).toBeGreaterThan(1_000)
    expect(numberOf(received) + numberOf(conflated)).toBe(numberOf(published))
    expect(await page.textContent('output[for="slow"]')).not.toContain('gap')
    await expect.poll(() => stocks.hub.size).toBe(1)
    expect(await page.textContent('#missing')).toBe('0')
    expect(complaints).toEqual([])
  })

  it('is told of a restarted log by a gap and a snapshot, and stays connected', async () => {
    const page = await open()
    const requests: string[] = []
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    await page.click('#restart')
    expect(await verdict(page, 'restart')).toBe('You were told, and the connection stayed open.')
    expect(await figures(page, 'restart')).toMatchObject({ gap: 'epoch', 'prices sent': '24' })
    await more(page, 50)
    expect(await page.textContent('#gaps')).toBe('1')
    expect(await page.textContent('#missing')).toBe('0')
    expect(requests).not.toContain('/events')
    expect(complaints).toEqual([])
  })

  it('[H18] holds one stream, and none while it is kept for going back: a browser allows six', async () => {
    const page = await open()
    expect(stocks.hub.size).toBe(1)
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
    await expect.poll(() => stocks.hub.size).toBe(0)
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await expect.poll(() => stocks.hub.size).toBe(1)
    await more(page, 50)
    expect(await page.textContent('#missing')).toBe('0')
    expect(complaints).toEqual([])
  })

  it('flashes prices unless less movement is asked for', async () => {
    const flashes = async (page: Page) => {
      await page.evaluate(() => {
        const { animate } = Element.prototype
        let count = 0
        Element.prototype.animate = function (...args) {
          document.body.dataset.flashes = String(++count)
          return animate.apply(this, args)
        }
      })
      await more(page, 50)
      return Number((await page.getAttribute('body', 'data-flashes')) ?? 0)
    }
    expect(await flashes(await open())).toBeGreaterThan(0)
    expect(await flashes(await open({ reducedMotion: 'reduce' }))).toBe(0)
  })

  it.each([
    ['desktop-light', 1280, 900, 'light'],
    ['desktop-dark', 1280, 900, 'dark'],
    ['mobile-light', 390, 844, 'light'],
    ['mobile-dark', 390, 844, 'dark'],
  ] as const)('fits its window and is photographed: %s', async (name, width, height, colorScheme) => {
    const page = await open({ viewport: { width, height }, colorScheme })
    await page.click('#drop')
    await verdict(page, 'drop')
    await page.click('#restart')
    await verdict(page, 'restart')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.mouse.move(0, 0)
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true })
    expect(complaints).toEqual([])
  })
})

function baseOf(server: Server): string {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return `http://localhost:${address.port}`
}

/** Whether the chart has a line in the colour of this property. */
function hasLine(page: Page, property: string): Promise<boolean> {
  return page.evaluate((name) => {
    const color = getComputedStyle(document.documentElement).getPropertyValue(name).trim()
    const wanted = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
    const canvas = document.querySelector<HTMLCanvasElement>('#chart canvas')
    if (canvas === null) return false
    // A copy, since reading the chart's own canvas often would make the browser complain about the chart.
    const { width, height } = canvas
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    copy?.drawImage(canvas, 0, 0)
    const pixels = copy?.getImageData(0, 0, width, height).data ?? []
    for (let i = 0; i < pixels.length; i += 4) {
      if (wanted.every((value, channel) => pixels[i + channel] === value) && pixels[i + 3] === 255) return true
    }
    return false
  }, property)
}
