import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNews, type News } from './app.ts'
import type { Desk } from './phrases.ts'
import { publishArchive, publishStory } from './press.ts'

const screenshots = fileURLToPath(new URL('../.reports/screenshots/', import.meta.url))

const FIVE: readonly Desk[] = ['world', 'sport', 'culture', 'business', 'science']

describe('the page in Chromium', { timeout: BROWSER_TIMEOUT }, () => {
  let browser: Browser | undefined
  let news: News
  let server: Server
  let complaints: string[]

  beforeEach(async (context) => {
    browser ??= await launchChromium(context)
    await start({ seed: 1, port: 0 })
    complaints = []
  }, BROWSER_TIMEOUT)

  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
    await stop()
  })

  afterAll(async () => {
    await browser?.close()
  })

  async function start({ seed, port }: { readonly seed: number; readonly port: number }): Promise<void> {
    news = createNews({ seed })
    await publishArchive(news, Date.now())
    server = createServer(news.app.callback()).listen(port)
    await once(server, 'listening')
  }

  async function stop(): Promise<void> {
    server?.close()
    await news?.hub.close()
    server?.closeAllConnections()
  }

  /** Opens the page and waits until the first twenty stories are there. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    if (browser === undefined) throw new Error('There is no browser')
    const page = await (await browser.newContext(options)).newPage()
    page.setDefaultTimeout(45_000)
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!/^(http:\/\/localhost:|about:)/.test(request.url())) complaints.push(request.url())
    })
    await page.goto(`http://localhost:${portOf(server)}`)
    await countOf(page, 20)
    return page
  }

  /** Publishes a story for each of these desks, and tells their headlines, newest first. */
  async function publish(desks: readonly Desk[]): Promise<string[]> {
    const headlines: string[] = []
    for (const desk of desks) headlines.unshift((await publishStory(news, Date.now(), desk)).headline)
    return headlines
  }

  /** Publishes one more story, waits for it, and so knows that everything before it is there. */
  async function settle(page: Page, desk: Desk): Promise<string> {
    const [headline = ''] = await publish([desk])
    await page.locator('.story:not([data-missed]) .headline', { hasText: headline }).first().waitFor()
    return headline
  }

  describe('a first visit', () => {
    it('begins with the last twenty stories, none of them marked, and goes on live', async () => {
      const page = await open()
      expect(await page.textContent('#state')).toBe('You are here, live')
      expect(await page.textContent('#topics')).toBe('news/*')
      expect(await page.textContent('#replayed')).toBe('20')
      expect(await missed(page)).toEqual([])
      const before = await headlines(page)
      const live = await settle(page, 'sport')
      expect(await headlines(page)).toEqual([live, ...before])
      expect(await page.textContent('#live')).toBe('1')
      expect(await page.textContent('#gaps')).toBe('0')
      expect(await page.textContent('#last-event-id')).toMatch(/^[0-9a-zA-Z-]+\.[0-9]+$/)
      await page.locator('#announcer', { hasText: live }).waitFor({ state: 'attached' })
      expect(complaints).toEqual([])
    })
  })

  describe('leaving and coming back', () => {
    it('marks exactly what was missed, none of it twice, and then goes on live', async () => {
      const page = await open()
      const before = await headlines(page)
      await leave(page)
      await expect.poll(() => news.hub.size).toBe(0)
      expect(await page.textContent('#state')).toBe('You are away')
      expect(await page.textContent('#presence-text')).toContain('The newsroom goes on without you')
      await page.locator('#clock', { hasText: '0:01' }).waitFor()
      const [last, ...others] = await publish([...FIVE, 'science/space'])
      await comeBack(page)
      await page.locator('.banner', { hasText: 'While you were away: 5 stories' }).waitFor()
      const live = await settle(page, 'business')
      expect(await missed(page)).toEqual(others)
      expect(await headlines(page)).toEqual([live, ...others, ...before])
      expect(await headlines(page)).not.toContain(last)
      expect(await kinds(page)).toEqual([
        'story',
        'banner',
        ...Array(5).fill('story'),
        'left-here',
        ...Array(20).fill('story'),
      ])
      expect(await page.textContent('#presence-text')).toContain('You missed 5 stories')
      expect(await page.textContent('#replayed')).toBe('25')
      expect(complaints).toEqual([])
    })

    it('marks only the last absence, and says where nothing was missed', async () => {
      const page = await open()
      await leave(page)
      await publish(FIVE)
      await comeBack(page)
      await page.locator('.banner', { hasText: '5 stories' }).waitFor()
      await leave(page)
      await comeBack(page)
      await page.locator('#presence-text', { hasText: 'You missed nothing' }).waitFor()
      await settle(page, 'world')
      expect(await missed(page)).toEqual([])
      expect(await page.locator('.banner, .left-here').count()).toBe(0)
      await leave(page)
      const [only] = await publish(['culture'])
      await comeBack(page)
      await page.locator('.banner', { hasText: 'While you were away: 1 story' }).waitFor()
      expect(await missed(page)).toEqual([only])
      expect(complaints).toEqual([])
    })

    it('works from the keyboard alone', async () => {
      const page = await open()
      await page.locator('[data-filter="front"]').focus()
      for (const _ of await page.locator('[data-filter]').all()) await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await expect.poll(() => page.textContent('#state')).toBe('You are away')
      await page.keyboard.press('Space')
      await expect.poll(() => page.textContent('#state')).toBe('You are here, live')
      expect(complaints).toEqual([])
    })
  })

  describe('filters', () => {
    it.each([
      [['Everything'], ['news/**']],
      [['World'], ['news/world']],
      [['Science'], ['news/science', 'news/science/**']],
      [
        ['Space', 'World'],
        ['news/world', 'news/science/space'],
      ],
      [['World', 'Everything', 'Sport'], ['news/sport']],
      [['World', 'World'], ['news/*']],
    ])('are topics and patterns of one stream: %j', async (pressed, topics) => {
      const page = await open()
      for (const name of pressed) await page.getByRole('button', { name, exact: true }).press('Enter')
      await expect.poll(() => page.locator('#topics code').allTextContents()).toEqual(topics)
      await expect
        .poll(() => [...news.hub.connections].map((each) => each.topics.toSorted()))
        .toEqual([topics.toSorted()])
      expect(complaints).toEqual([])
    })

    it('show what was chosen and nothing else, replayed and live', async () => {
      const page = await open()
      await choose(page, 'Space', 'news/science/space')
      await countOf(page, 20)
      await publish(['world', 'science', 'science/nature'])
      await settle(page, 'science/space')
      expect(
        new Set(
          await page
            .locator('.story-meta')
            .allInnerTexts()
            .then((all) => all.map(withoutTime)),
        ),
      ).toEqual(new Set(['Science Space']))
      expect(await missed(page)).toEqual([])
      expect(complaints).toEqual([])
    })

    it('keep a place each: what came meanwhile is there, marked unless it was read, and nothing twice', async () => {
      const page = await open()
      const front = await headlines(page)
      await choose(page, 'Science', 'news/science/**')
      await countOf(page, 20)
      const [world] = await publish(['world'])
      const science = await settle(page, 'science')
      const [sport] = await publish(['sport'])
      await choose(page, 'Science', 'news/*')
      await page.locator('.banner', { hasText: 'Since you last read this: 2 stories' }).waitFor()
      const live = await settle(page, 'culture')
      expect(await headlines(page)).toEqual([live, sport, science, world, ...front])
      expect(await missed(page)).toEqual([sport, world])
      await choose(page, 'Science', 'news/science/**')
      expect((await headlines(page))[0]).toBe(science)
      expect(await page.locator('.story').count()).toBe(21)
      expect(complaints).toEqual([])
    })

    it('can be chosen while away: what was missed there is marked', async () => {
      const page = await open()
      await leave(page)
      const [sport] = await publish(['world', 'sport'])
      await page.getByRole('button', { name: 'Sport' }).click()
      expect(await page.textContent('#state')).toBe('You are away')
      expect(news.hub.size).toBe(0)
      await comeBack(page)
      await page.locator('.banner', { hasText: 'While you were away: 1 story' }).waitFor()
      await settle(page, 'sport')
      expect(await missed(page)).toEqual([sport])
      expect(complaints).toEqual([])
    })
  })

  describe('a reload', () => {
    it('resumes by the id: what was published meanwhile is marked, and nothing comes twice', async () => {
      const page = await open()
      const live = await settle(page, 'world')
      const before = await headlines(page)
      const id = await page.textContent('#last-event-id')
      const requested: string[] = []
      page.on('request', (request) => requested.push(request.url()))
      let published: string[] = []
      await page.route('**/main.js', async (route) => {
        published = await publish(FIVE)
        await route.continue()
      })
      await page.reload()
      await page.locator('.banner', { hasText: 'While the page was closed: 5 stories' }).waitFor()
      expect(await headlines(page)).toEqual([...published, ...before])
      expect(await missed(page)).toEqual(published)
      expect(before[0]).toBe(live)
      expect(requested.filter((url) => url.includes('/events?'))).toEqual([
        expect.stringContaining(`lastEventId=${id}`),
      ])
      expect(await page.textContent('#replayed')).toBe('5')
      expect(complaints).toEqual([])
    })

    it('keeps the filter', async () => {
      const page = await open()
      await choose(page, 'Sport', 'news/sport')
      await countOf(page, 20)
      const before = await headlines(page)
      await page.reload()
      await expect.poll(() => page.textContent('#topics')).toBe('news/sport')
      expect(await page.getAttribute('[data-filter="sport"]', 'aria-pressed')).toBe('true')
      expect(await headlines(page)).toEqual(before)
      expect(complaints).toEqual([])
    })

    it('leaves those away who are', async () => {
      const page = await open()
      await leave(page)
      const before = await headlines(page)
      await page.reload()
      await expect.poll(() => page.textContent('#state')).toBe('You are away')
      expect(await headlines(page)).toEqual(before)
      expect(news.hub.size).toBe(0)
      await publish(['world'])
      await comeBack(page)
      await page.locator('.banner', { hasText: 'While you were away: 1 story' }).waitFor()
      expect(complaints).toEqual([])
    })

    it.each(['', 'null', '{', '7', '{"version":0,"reader":{"filter":"*"}}'])(
      'is a first visit where what was kept is of no use: %j',
      async (kept) => {
        const page = await open()
        // After the page has put its own there.
        await page.evaluate((text) => addEventListener('pagehide', () => sessionStorage.setItem('reader', text)), kept)
        await page.reload()
        await countOf(page, 20)
        expect(await page.textContent('#topics')).toBe('news/*')
        expect(await missed(page)).toEqual([])
        expect(complaints).toEqual([])
      },
    )
  })

  describe('the connection', () => {
    it('that drops comes back by itself, with what was missed', async () => {
      const page = await open()
      const before = await headlines(page)
      expect(news.hub.disconnect(() => true)).toBe(1)
      await expect.poll(() => page.textContent('#state')).toContain('Connection lost')
      const published = await publish(FIVE)
      await page.locator('.banner', { hasText: 'While the connection was down: 5 stories' }).waitFor()
      expect(await missed(page)).toEqual(published)
      expect(await headlines(page)).toEqual([...published, ...before])
      expect(complaints).toEqual([])
    })

    it('[H18] is one, and none while the page is kept for going back', async () => {
      const page = await open()
      expect(news.hub.size).toBe(1)
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
      await expect.poll(() => news.hub.size).toBe(0)
      const published = await publish(FIVE)
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
      await page.locator('.banner', { hasText: '5 stories' }).waitFor()
      expect(await missed(page)).toEqual(published)
      expect(news.hub.size).toBe(1)
      expect(complaints).toEqual([])
    })
  })

  describe('a gap', () => {
    it('of one who was away too long is told, and the list begins anew', async () => {
      const page = await open()
      const before = await headlines(page)
      await leave(page)
      const published = await publish(Array<Desk>(2_500).fill('world'))
      await comeBack(page)
      await page.locator('#notice', { hasText: 'longer than the server remembers' }).waitFor()
      const live = await settle(page, 'sport')
      expect(await headlines(page)).toEqual([live, ...published.slice(0, 99)])
      expect(await headlines(page)).not.toContain(before[0])
      expect(await page.textContent('#gaps')).toBe('1')
      expect(await page.textContent('.banner')).toContain('2,000 stories, of which the newest 100 are here')
      expect(complaints).toEqual([])
    })

    it('of a server that starts anew is told, and the page goes on from there', async () => {
      const page = await open()
      const port = portOf(server)
      await stop()
      await expect.poll(() => page.textContent('#state')).toContain('Connection lost')
      await start({ seed: 2, port })
      await page.locator('#notice', { hasText: 'nobody can say what you missed' }).waitFor()
      await countOf(page, 20)
      const live = await settle(page, 'sport')
      expect((await headlines(page))[0]).toBe(live)
      expect(await page.textContent('#gaps')).toBe('1')
      await leave(page)
      const published = await publish(FIVE)
      await comeBack(page)
      await page.locator('.banner', { hasText: 'While you were away: 5 stories' }).waitFor()
      expect(await missed(page)).toEqual(published)
      expect(await page.isVisible('#notice')).toBe(false)
      // What the browser says of a server that is not there.
      expect(complaints.filter((text) => !text.includes('ERR_'))).toEqual([])
    })
  })

  it('lets stories arrive with movement, unless less of it is asked for', async () => {
    const arrivals = async (page: Page) => {
      await page.evaluate(() => {
        const { animate } = Element.prototype
        Element.prototype.animate = function (...args) {
          document.body.dataset.arrivals = String(Number(document.body.dataset.arrivals ?? 0) + 1)
          return animate.apply(this, args)
        }
      })
      await settle(page, 'world')
      return page.getAttribute('body', 'data-arrivals')
    }
    expect(await arrivals(await open())).toBe('1')
    expect(await arrivals(await open({ reducedMotion: 'reduce' }))).toBeNull()
  })

  it.each([
    ['desktop-light', 1280, 900, 'light'],
    ['desktop-dark', 1280, 900, 'dark'],
    ['mobile-light', 390, 844, 'light'],
    ['mobile-dark', 390, 844, 'dark'],
  ] as const)('fits its window and is photographed: %s', async (name, width, height, colorScheme) => {
    const page = await open({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
    await leave(page)
    await publish(FIVE)
    await page.screenshot({ path: `${screenshots}${name}-away.png` })
    await comeBack(page)
    await page.locator('.banner', { hasText: '5 stories' }).waitFor()
    await settle(page, 'culture')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.mouse.move(0, 0)
    await page.screenshot({ path: `${screenshots}${name}.png` })
    expect(complaints).toEqual([])
  })
})

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return address.port
}

async function leave(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Leave' }).click()
}

async function comeBack(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Come back' }).click()
}

/** Presses the button of a filter and waits until the server has said what is read. */
async function choose(page: Page, name: string, topic: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await page.locator('#topics code', { hasText: topic }).first().waitFor()
}

/** Waits until so many stories are on the page. */
async function countOf(page: Page, count: number): Promise<void> {
  await page.waitForFunction((wanted) => document.querySelectorAll('.story').length === wanted, count)
}

/** The headlines on the page, newest first. */
function headlines(page: Page): Promise<string[]> {
  return page.locator('.story .headline').allTextContents()
}

/** The headlines that are marked as missed, newest first. */
function missed(page: Page): Promise<string[]> {
  return page.locator('.story[data-missed] .headline').allTextContents()
}

/** What is in the list, from top to bottom. */
function kinds(page: Page): Promise<string[]> {
  return page.locator('#feed > li').evaluateAll((items) => items.map((item) => item.className))
}

/** The section and desk of a story, without the time. */
function withoutTime(text: string): string {
  return text
    .replace(/\d\d:\d\d/, '')
    .trim()
    .replace(/\s+/g, ' ')
}
