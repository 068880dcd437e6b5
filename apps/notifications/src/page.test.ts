import { fileURLToPath } from 'node:url'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_TEXT, MAX_TITLE } from './admin/notice.dto.ts'
import { CAPACITY } from './notices/pigeonhole.ts'
import { fillPigeonholes } from './notices/samples.ts'
import { type RunningApp, startApp } from './testing/running-app.ts'

const screenshots = fileURLToPath(new URL('../.reports/screenshots/', import.meta.url))

/** What a browser says by itself when a request is refused: here that is how a page learns that it is signed out. */
const REFUSED = /the server responded with a status of 401/

const HOSTILE = '<img src=x onerror="document.title=\'owned\'">'

const windows = [
  ['desktop-light', 1280, 900, 'light'],
  ['desktop-dark', 1280, 900, 'dark'],
  ['mobile-light', 390, 844, 'light'],
  ['mobile-dark', 390, 844, 'dark'],
] as const

describe('the pages in Chromium', { timeout: BROWSER_TIMEOUT }, () => {
  let browser: Browser | undefined
  let app: RunningApp
  let complaints: string[]

  beforeEach(async (context) => {
    browser ??= await launchChromium(context)
    app = await startApp()
    complaints = []
  }, BROWSER_TIMEOUT)

  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
    await app?.close()
  })

  afterAll(async () => {
    await browser?.close()
  })

  async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    if (browser === undefined) throw new Error('There is no browser')
    const context = await browser.newContext(options)
    context.setDefaultTimeout(45_000)
    context.on('page', (page) => {
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        if (!REFUSED.test(message.text())) complaints.push(message.text())
      })
      page.on('request', (request) => {
        if (!request.url().startsWith(app.base)) complaints.push(request.url())
      })
    })
    return context
  }

  /** Signs in on the wall, and waits until the stream is open. */
  async function signIn(context: BrowserContext, name: string): Promise<Page> {
    const page = await context.newPage()
    await page.goto(app.base)
    await page.getByRole('button', { name }).click()
    await isLive(page)
    return page
  }

  /** One more tab of whoever is signed in. */
  async function openTab(page: Page): Promise<Page> {
    const tab = await page.context().newPage()
    await tab.goto(page.url())
    await isLive(tab)
    return tab
  }

  it('signs in as one of five, and shows each their own post', async () => {
    const ada = await signIn(await newContext(), 'Ada Okafor')
    const bruno = await signIn(await newContext(), 'Bruno Keller')
    await app.notices.send({ kind: 'mention', title: 'For Ada alone', text: 'Only you' }, 'ada')
    await app.notices.send({ kind: 'deploy', title: 'For all', text: '' }, 'all')
    await eventually(() => titles(ada)).toEqual(['For all', 'For Ada alone'])
    await eventually(() => titles(bruno)).toEqual(['For all'])
    expect(await ada.textContent('#badge')).toBe('2 unread')
    expect(await bruno.textContent('#badge')).toBe('1 unread')
    expect(await ada.title()).toBe('(2) Ada Okafor · Pigeonhole')
    expect(await ada.textContent('#topics')).toBe('users/ada/inboxeveryone')
    expect(complaints).toEqual([])
  })

  it('leads whoever is not signed in to the wall, also from the pigeonhole of somebody else', async () => {
    const ada = await signIn(await newContext(), 'Ada Okafor')
    for (const place of ['/u/bruno', '/admin']) {
      await ada.goto(app.base + place)
      expect(new URL(ada.url()).pathname).toBe('/')
    }
    expect(complaints).toEqual([])
  })

  it('marks as read in all tabs what is read in one', async () => {
    await fillPigeonholes(app.notices)
    const first = await signIn(await newContext(), 'Chen Wei')
    const second = await openTab(first)
    await eventually(() => second.textContent('#badge')).toBe('2 unread')
    await first.getByRole('button', { name: 'Mark as read: api 4.2.0 is live in Frankfurt' }).click()
    await eventually(() => second.textContent('#badge')).toBe('1 unread')
    expect(await second.title()).toBe('(1) Chen Wei · Pigeonhole')
    await second.click('#show-unread')
    await eventually(() => second.locator('.slip:visible').count()).toBe(1)
    await second.click('#read-all')
    await eventually(() => first.textContent('#badge')).toBe('0 unread')
    expect(await first.title()).toBe('Chen Wei · Pigeonhole')
    await eventually(() => second.locator('#empty').isVisible()).toBe(true)
    expect(complaints).toEqual([])
  })

  it('ends the streams of all tabs when one of them signs out, and of nobody else', async () => {
    const first = await signIn(await newContext(), 'Dalia Haddad')
    const second = await openTab(first)
    const emil = await signIn(await newContext(), 'Emil Lindqvist')
    expect(app.hub.size).toBe(3)
    await first.click('#sign-out')
    for (const tab of [first, second]) {
      await tab.getByText('Dalia Haddad has been signed out, in every tab.').waitFor()
      expect(await tab.title()).toBe('Pigeonhole · @sse notifications')
    }
    expect(app.hub.size).toBe(1)
    await second.goto(`${app.base}/u/dalia`)
    expect(new URL(second.url()).pathname).toBe('/')
    await app.notices.send({ kind: 'mention', title: 'Still here', text: '' }, 'emil')
    await eventually(() => titles(emil)).toEqual(['Still here'])
    expect(complaints).toEqual([])
  })

  it('comes back from a lost stream with all that came meanwhile, once', async () => {
    const page = await signIn(await newContext(), 'Ada Okafor')
    await app.notices.send({ kind: 'mention', title: 'Before', text: '' }, 'ada')
    await eventually(() => titles(page)).toEqual(['Before'])
    expect(app.hub.disconnect({ principal: 'ada' })).toBe(1)
    await page.locator('#state', { hasText: 'reconnecting' }).waitFor()
    await app.notices.send({ kind: 'deploy', title: 'Meanwhile', text: '' }, 'all')
    await app.notices.send({ kind: 'invoice', title: 'And more', text: '' }, 'ada')
    await isLive(page)
    await app.notices.send({ kind: 'security', title: 'After', text: '' }, 'ada')
    await eventually(() => titles(page)).toEqual(['After', 'And more', 'Meanwhile', 'Before'])
    expect(await page.textContent('#badge')).toBe('4 unread')
    expect(await page.textContent('#received')).toBe('4')
    expect(await page.textContent('#reconnects')).toBe('1')
    expect(complaints).toEqual([])
  })

  it('shows hostile words as words', async () => {
    const page = await signIn(await newContext({ viewport: { width: 390, height: 844 } }), 'Bruno Keller')
    await app.notices.send({ kind: 'mention', title: HOSTILE, text: HOSTILE }, 'bruno')
    await eventually(() => titles(page)).toEqual([HOSTILE])
    expect(await page.textContent('.slip-text')).toBe(HOSTILE)
    expect(await page.locator('.slip img').count()).toBe(0)
    expect(await page.title()).toBe('(1) Bruno Keller · Pigeonhole')
    await app.notices.send({ kind: 'deploy', title: 'W'.repeat(MAX_TITLE), text: 'W'.repeat(MAX_TEXT) }, 'bruno')
    await eventually(() => titles(page)).toHaveLength(2)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect(complaints).toEqual([])
  })

  it('keeps what the server keeps, where there is more', async () => {
    const page = await signIn(await newContext(), 'Ada Okafor')
    for (let n = 1; n <= CAPACITY + 5; n++) {
      await app.notices.send({ kind: 'deploy', title: `Notice ${n}`, text: '' }, 'ada')
    }
    await eventually(async () => (await titles(page))[0]).toBe(`Notice ${CAPACITY + 5}`)
    expect(await titles(page)).toHaveLength(CAPACITY)
    expect(await page.textContent('#unread')).toBe(String(app.notices.of('ada').unread))
    expect(complaints).toEqual([])
  })

  it('[H18] holds one stream, and none while it is kept for going back: a browser allows six', async () => {
    const page = await signIn(await newContext(), 'Ada Okafor')
    expect(app.hub.size).toBe(1)
    await app.notices.send({ kind: 'mention', title: 'While you were here', text: '' }, 'ada')
    await eventually(() => titles(page)).toHaveLength(1)
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
    await eventually(() => app.hub.size).toBe(0)
    await app.notices.send({ kind: 'mention', title: 'While you were away', text: '' }, 'ada')
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await eventually(() => titles(page)).toEqual(['While you were away', 'While you were here'])
    expect(app.hub.size).toBe(1)
    // As an event, by its id, and not in a new snapshot.
    expect(await page.textContent('#received')).toBe('2')
    expect(complaints).toEqual([])
  })

  describe('the sorting desk', () => {
    it('sends to one, and to everyone', async () => {
      const ada = await signIn(await newContext(), 'Ada Okafor')
      const desk = await signIn(await newContext(), 'Sorting desk')
      await choose(desk, 'Ada')
      await choose(desk, 'Security')
      await desk.getByLabel('Title').fill('Your key is old')
      await desk.getByLabel('Text').fill('Make a new one')
      await desk.click('#send')
      await eventually(() => titles(ada)).toEqual(['Your key is old'])
      expect(await ada.getAttribute('.slip', 'data-kind')).toBe('security')
      await eventually(() => desk.textContent('#sent')).toBe('Sent to Ada Okafor. 1 tab showed it at once.')
      await choose(desk, 'Everyone')
      await desk.getByRole('button', { name: 'Write me an example' }).click()
      await desk.getByLabel('Title').press('Enter')
      await eventually(() => titles(ada)).toHaveLength(2)
      await eventually(() => desk.textContent('[data-user="emil"] .person-unread')).toBe('1')
      await choose(desk, 'Emil')
      await desk.getByLabel('Title').fill('Anybody there?')
      await desk.click('#send')
      await eventually(() => desk.textContent('#sent')).toBe(
        'Sent to Emil Lindqvist. No tab was open: it waits in the pigeonhole.',
      )
      expect(complaints).toEqual([])
    })

    it('sees tabs come and go', async () => {
      const desk = await signIn(await newContext(), 'Sorting desk')
      await eventually(() => desk.textContent('.sum')).toContain('0 tabs of 0 of 5 people')
      const first = await signIn(await newContext(), 'Ada Okafor')
      await eventually(() => desk.textContent('.sum')).toContain('1 tab of 1 of 5 people')
      expect(await desk.textContent('[data-user="ada"] .tab-row')).toMatch(/^live since \d/)
      const second = await openTab(first)
      await eventually(() => desk.locator('[data-user="ada"] .tab-row').count()).toBe(2)
      const cursors = () => desk.locator('[data-user="ada"] code').allTextContents()
      await app.notices.send({ kind: 'mention', title: 'Hello', text: '' }, 'ada')
      await eventually(() => titles(first)).toEqual(['Hello'])
      const id = await first.textContent('#last-event-id')
      await eventually(cursors).toEqual([`at ${id}`, `at ${id}`])
      await second.close()
      await eventually(() => desk.locator('[data-user="ada"] .tab-row').count()).toBe(1)
      await first.close()
      await eventually(() => desk.textContent('[data-user="ada"] .tabs')).toBe('not connected')
      expect(complaints).toEqual([])
    })

    it('disconnects somebody, who comes back, and signs somebody out, who does not', async () => {
      const desk = await signIn(await newContext(), 'Sorting desk')
      const bruno = await signIn(await newContext(), 'Bruno Keller')
      await desk.getByRole('button', { name: 'Disconnect: Bruno Keller' }).click()
      await eventually(() => bruno.textContent('#reconnects')).toBe('1')
      await isLive(bruno)
      await eventually(() => desk.textContent('.sum')).toContain('1 tab of 1 of 5 people')
      await desk.getByRole('button', { name: 'Sign out: Bruno Keller' }).click()
      await bruno.getByText('Bruno Keller has been signed out, in every tab.').waitFor()
      await eventually(() => desk.textContent('.sum')).toContain('0 tabs of 0 of 5 people')
      expect(complaints).toEqual([])
    })

    it('is left like a pigeonhole', async () => {
      const desk = await signIn(await newContext(), 'Sorting desk')
      await desk.click('#sign-out')
      await desk.getByText('Sorting desk has been signed out, in every tab.').waitFor()
      await eventually(() => app.hub.size).toBe(0)
      expect(complaints).toEqual([])
    })
  })

  it.each(windows)('fit their window and are photographed: %s', async (name, width, height, colorScheme) => {
    await fillPigeonholes(app.notices)
    const context = await newContext({ viewport: { width, height }, colorScheme })
    const wall = await context.newPage()
    await wall.goto(app.base)
    await wall.getByRole('button', { name: 'Sorting desk' }).waitFor()
    const inbox = await signIn(context, 'Ada Okafor')
    await inbox.click('#read-all')
    await eventually(() => inbox.textContent('#badge')).toBe('0 unread')
    const bruno = await signIn(context, 'Bruno Keller')
    await openTab(bruno)
    const desk = await signIn(context, 'Sorting desk')
    for (const [to, kind] of [
      ['Ada', 'Mention'],
      ['Everyone', 'Security'],
      ['Ada', 'Invoice'],
      ['Ada', 'Deploy'],
    ] as const) {
      await choose(desk, to)
      await choose(desk, kind)
      await desk.getByRole('button', { name: 'Write me an example' }).click()
      await desk.click('#send')
      await eventually(() => desk.inputValue('#title')).toBe('')
    }
    await desk.getByRole('button', { name: 'Write me an example' }).click()
    await eventually(() => inbox.textContent('#badge')).toBe('4 unread')
    await eventually(() => desk.textContent('[data-user="ada"] .person-unread')).toBe('4')
    for (const [what, page] of Object.entries({ wall, inbox, desk })) {
      await page.bringToFront()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await page.mouse.move(0, 0)
      await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)))
      await page.screenshot({ path: `${screenshots}${what}-${name}.png`, fullPage: true })
    }
    expect(complaints).toEqual([])
  })
})

/** What will be so: a browser takes its time, and so does coming back to a stream. */
function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 45_000 })
}

async function choose(desk: Page, name: string): Promise<void> {
  await desk.getByRole('radio', { name }).check()
}

async function isLive(page: Page): Promise<void> {
  await page.locator('#state', { hasText: 'live' }).waitFor()
}

/** The titles of the notices that are shown, from the top. */
function titles(page: Page): Promise<string[]> {
  return page.locator('.slip h2').allTextContents()
}
