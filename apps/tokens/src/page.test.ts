import { fileURLToPath } from 'node:url'
import { BROWSER_TIMEOUT, launchChromium } from '@sse/tooling/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose } from './compose.ts'
import { hashOf, seededRandom } from './random.ts'
import { type SteppedServer, startStepped } from './stepped-server.ts'

const screenshots = fileURLToPath(new URL('../.reports/screenshots/', import.meta.url))

const PROMPT = 'Why do cats purr?'
/** More than any answer has. */
const ALL = 10_000

describe('the page in Chromium', { timeout: BROWSER_TIMEOUT }, () => {
  let browser: Browser | undefined
  let stepped: SteppedServer
  let complaints: string[]

  beforeEach(async (context) => {
    browser ??= await launchChromium(context)
    stepped = await startStepped()
    complaints = []
  }, BROWSER_TIMEOUT)

  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
    await stepped?.stop()
  })

  afterAll(async () => {
    await browser?.close()
  })

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    if (browser === undefined) throw new Error('There is no browser')
    const page = await (await browser.newContext(options)).newPage()
    await watch(page)
    await page.goto(stepped.base)
    return page
  }

  function watch(page: Page): void {
    page.setDefaultTimeout(45_000)
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!request.url().startsWith(stepped.base)) complaints.push(request.url())
    })
  }

  async function ask(page: Page, prompt = PROMPT): Promise<void> {
    await page.fill('#prompt', prompt)
    await page.press('#prompt', 'Enter')
    await state(page, 'connected, no token yet')
  }

  /** Lets so many tokens through, and waits until the page has them. */
  async function more(page: Page, count: number): Promise<void> {
    const wanted = Number(await page.textContent('#tokens')) + count
    stepped.pace.allow(count)
    await page.locator('#tokens', { hasText: new RegExp(`^${wanted}$`) }).waitFor()
  }

  /** Lets tokens through that nobody reads at the moment. */
  async function moreInSilence(count: number): Promise<void> {
    await expect.poll(() => stepped.tokens.hub.size).toBe(0)
    stepped.pace.allow(count)
    await expect.poll(() => stepped.pace.waiting).toBe(1)
  }

  async function finish(page: Page): Promise<void> {
    stepped.pace.allow(ALL)
    await state(page, 'complete')
  }

  /** Holds back what resumes an answer, until it is told to let go. */
  async function holdReconnects(page: Page): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    await page.route(/\/answers\/[^/]+$/, async (route) => {
      await promise
      await route.continue()
    })
    return resolve
  }

  it('shows an answer as it comes, token by token, to its end', async () => {
    const page = await open()
    await ask(page)
    expect(await page.textContent('.answer')).toBe('')
    await more(page, 3)
    expect(await page.textContent('.answer')).toBe('Ask three people')
    expect(await page.textContent('#state')).toBe('streaming')
    expect(await page.textContent('#first-token')).toMatch(/^[\d.]+ m?s$/)
    const id = await page.textContent('#last-event-id')
    expect(id).toMatch(/^[0-9a-zA-Z-]+\.[0-9]+$/)
    await more(page, 1)
    expect(await page.textContent('#last-event-id')).not.toBe(id)
    expect(await page.locator('.turn').getAttribute('aria-busy')).toBe('true')
    await finish(page)
    expect(await page.locator('.turn').getAttribute('aria-busy')).toBe('false')
    expect(plain(await answerOf(page))).toBe(plain(expectedAnswer()))
    expect(await page.locator('.answer li').count()).toBe(3)
    await expect.poll(() => page.textContent('#server')).toContain('begun 1 answer; 0 being written, 0 readers')
    expect(stepped.model.begun).toBe(1)
    expect(complaints).toEqual([])
  })

  it('stops the model', async () => {
    const page = await open()
    await ask(page)
    await more(page, 10)
    await page.getByRole('button', { name: 'Stop' }).click()
    await state(page, 'stopped')
    expect(stepped.pace.waiting).toBe(0)
    expect(stepped.tokens.answers.running).toBe(0)
    expect(await notes(page)).toContain('Stopped: the model’s work was aborted.')
    expect(await page.textContent('.turn-foot')).toContain('10 tokens')
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('takes an answer up again after a dropped connection, with nothing missing and nothing begun anew', async () => {
    const page = await open()
    const letGo = await holdReconnects(page)
    await ask(page)
    await more(page, 57)
    await page.click('#drop')
    await moreInSilence(12)
    expect(await page.textContent('#tokens')).toBe('57')
    letGo()
    await page.locator('#tokens', { hasText: /^69$/ }).waitFor()
    expect(await notes(page)).toEqual([
      'polly-1 began an answer.',
      'You cut the connection after token 57.',
      'Same answer, resumed after token 57: 12 tokens replayed, none missing, none doubled.',
    ])
    expect(await page.locator('#tape .column').count()).toBe(69)
    expect(await page.locator('#tape .is-replayed').count()).toBe(12)
    expect(await page.locator('#tape .is-seam').count()).toBe(1)
    await finish(page)
    await expectComplete(page)
    expect(await page.textContent('.turn-foot')).toContain('resumed 1 time, begun once')
    expect(complaints).toEqual([])
  })

  it('takes an answer up again after a reload in its middle', async () => {
    const page = await open()
    await ask(page)
    await more(page, 40)
    const shown = await answerOf(page)
    const letGo = await holdReconnects(page)
    await page.click('#reload')
    await moreInSilence(7)
    // Before the server has said anything, the page has what it had.
    await page.locator('#notes', { hasText: 'The page was reloaded after token 40.' }).waitFor()
    expect(await answerOf(page)).toBe(shown)
    letGo()
    await page.locator('#tokens', { hasText: /^47$/ }).waitFor()
    expect((await notes(page)).at(-1)).toBe(
      'Same answer, resumed after token 40: 7 tokens replayed, none missing, none doubled.',
    )
    await finish(page)
    await expectComplete(page)
    expect(complaints).toEqual([])
  })

  it('comes back by itself when the network fails', async () => {
    const page = await open()
    const letGo = await holdReconnects(page)
    await ask(page)
    await more(page, 21)
    stepped.server.closeAllConnections()
    await moreInSilence(2)
    letGo()
    await page.locator('#tokens', { hasText: /^23$/ }).waitFor()
    expect(await notes(page)).toEqual([
      'polly-1 began an answer.',
      'The connection was lost after token 21.',
      'Same answer, resumed after token 21: 2 tokens replayed, none missing, none doubled.',
    ])
    await finish(page)
    await expectComplete(page)
  })

  it('takes up an answer that has ended while it was away', async () => {
    const page = await open()
    const letGo = await holdReconnects(page)
    await ask(page)
    await more(page, 5)
    await page.click('#drop')
    await expect.poll(() => stepped.tokens.hub.size).toBe(0)
    stepped.pace.allow(ALL)
    await expect.poll(() => stepped.tokens.answers.running).toBe(0)
    letGo()
    await state(page, 'complete')
    await expectComplete(page)
    expect(complaints).toEqual([])
  })

  it('survives being interrupted over and over', async () => {
    const page = await open()
    await ask(page)
    for (let i = 1; i <= 3; i++) {
      await more(page, 9)
      await (i === 2 ? page.reload() : page.click('#drop'))
      await page.locator('#reconnects', { hasText: new RegExp(`^${i}$`) }).waitFor()
    }
    await finish(page)
    await expectComplete(page)
    expect(complaints).toEqual([])
  })

  it('[H16] is answered 204 when it reconnects after the end', async () => {
    const page = await open()
    await ask(page)
    await finish(page)
    const answered = page.waitForResponse(/\/answers\/[^/]+$/)
    await page.getByRole('button', { name: 'Reconnect anyway' }).click()
    expect((await answered).status()).toBe(204)
    await page.locator('#notes', { hasText: 'Reconnected after the end: 204' }).waitFor()
    expect(await page.textContent('#state')).toBe('complete')
    expect(stepped.model.begun).toBe(1)
    expect(complaints).toEqual([])
  })

  it('keeps the conversation of this tab, until it is cleared', async () => {
    const page = await open()
    stepped.pace.allow(ALL)
    for (const prompt of [PROMPT, 'A poem about the night bus']) {
      await page.fill('#prompt', prompt)
      await page.press('#prompt', 'Enter')
      await page.locator('.turn', { hasText: prompt }).locator('.turn-foot', { hasText: 'tokens' }).waitFor()
    }
    const text = await page.textContent('#conversation')
    await page.reload()
    expect(await page.textContent('#conversation')).toBe(text)
    expect(await page.locator('.prompt').allTextContents()).toEqual([PROMPT, 'A poem about the night bus'])
    await page.click('#clear')
    expect(await page.locator('.turn').count()).toBe(0)
    await page.reload()
    expect(await page.locator('.turn').count()).toBe(0)
    await page.getByRole('button', { name: PROMPT }).waitFor()
    expect(stepped.model.begun).toBe(2)
    expect(complaints).toEqual([])
  })

  it('lets another tab follow the same answer', async () => {
    const page = await open()
    await ask(page)
    await more(page, 12)
    const opened = page.context().waitForEvent('page')
    await page.getByRole('link', { name: 'Follow in another tab' }).click()
    const other = await opened
    watch(other)
    await other.locator('#tokens', { hasText: /^12$/ }).waitFor()
    expect(await other.textContent('.prompt')).toBe(PROMPT)
    expect(await answerOf(other)).toBe(await answerOf(page))
    stepped.pace.allow(ALL)
    await state(other, 'complete')
    await state(page, 'complete')
    expect(await answerOf(other)).toBe(await answerOf(page))
    expect(stepped.model.begun).toBe(1)
    expect(complaints).toEqual([])
  })

  it('says so when the server has forgotten the answer, and keeps what it has', async () => {
    const page = await open()
    await ask(page)
    await more(page, 5)
    await page.click('#drop')
    const shown = await answerOf(page)
    await page.route(/\/answers\/[^/]+$/, (route) => route.continue({ url: `${stepped.base}/answers/forgotten` }))
    await state(page, 'gone')
    expect((await notes(page)).at(-1)).toContain('There is no such answer, or no longer')
    expect(await answerOf(page)).toBe(shown)
    await page.getByRole('button', { name: 'Ask' }).waitFor()
  })

  it('says so when the server refuses the question', async () => {
    const page = await open()
    await page.evaluate(() => document.querySelector('#prompt')?.removeAttribute('maxlength'))
    await page.fill('#prompt', 'x'.repeat(2_001))
    await page.press('#prompt', 'Enter')
    await state(page, 'failed')
    expect(await notes(page)).toEqual(['`prompt` may have 2000 characters, not 2001.'])
  })

  it('shows text as text, whatever it holds', async () => {
    const hostile = '<img src=x onerror=alert(1)> **<b>bold</b>** `<i>` <script>alert(1)</script>'
    const page = await open()
    const tokens = [hostile, `\n\n- ${hostile}`, `\n\n\`\`\`\n${hostile}\n\`\`\``, `\n\n## ${hostile}`]
    const saved = JSON.stringify([
      { id: 'x', prompt: hostile, state: 'done', tokens, arrivals: tokens.map(() => 'live') },
    ])
    await page.addInitScript((turns) => sessionStorage.setItem('turns', turns), saved)
    await page.reload()
    expect(await page.textContent('.prompt')).toBe(hostile)
    expect((await answerOf(page)).split('<img src=x onerror=alert(1)>')).toHaveLength(5)
    const tags = await page.locator('.answer *').evaluateAll((elements) => elements.map(({ localName }) => localName))
    expect(new Set(tags)).toEqual(new Set(['p', 'strong', 'code', 'ul', 'li', 'pre', 'h3']))
    expect(complaints).toEqual([])
  })

  it('leaves what has not changed in place while an answer grows', async () => {
    const page = await open()
    await ask(page)
    await more(page, 75)
    await page.evaluate(() => document.querySelector('.answer p')?.setAttribute('data-kept', ''))
    await finish(page)
    expect(await page.locator('.answer p[data-kept]').count()).toBe(1)
  })

  it('works from the keyboard', async () => {
    const page = await open()
    await page.focus('#prompt')
    await page.keyboard.type('Two')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('lines')
    await page.keyboard.press('Enter')
    await state(page, 'connected, no token yet')
    expect(await page.textContent('.prompt')).toBe('Two\nlines')
    await more(page, 2)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('drop')
    await page.keyboard.press('Enter')
    await page.locator('#notes', { hasText: 'resumed after token 2' }).waitFor()
    await page.focus('#stop')
    await page.keyboard.press('Space')
    await state(page, 'stopped')
    await expect.poll(() => focused(page)).toBe('send')
    await page.click('#clear')
    await page.getByRole('button', { name: PROMPT }).press('Enter')
    await state(page, 'connected, no token yet')
    expect(await focused(page)).toBe('stop')
    expect(complaints).toEqual([])
  })

  it('moves nothing by itself where less movement is asked for', async () => {
    const blinking = (page: Page) =>
      page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length)
    expect(await blinking(await open({ reducedMotion: 'no-preference' }))).toBe(1)
    const page = await open({ reducedMotion: 'reduce' })
    await ask(page)
    expect(await blinking(page)).toBe(0)
  })

  it('[H18] holds one stream, and none when the answer has ended', async () => {
    const page = await open()
    expect(stepped.tokens.hub.size).toBe(0)
    await ask(page)
    expect(stepped.tokens.hub.size).toBe(1)
    await finish(page)
    await expect.poll(() => stepped.tokens.hub.size).toBe(0)
  })

  it.each([
    ['desktop-light', 1280, 860, 'light'],
    ['desktop-dark', 1280, 860, 'dark'],
    ['mobile-light', 390, 844, 'light'],
    ['mobile-dark', 390, 844, 'dark'],
  ] as const)('fits its window and is photographed: %s', async (name, width, height, colorScheme) => {
    const page = await open({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
    await page.screenshot({ path: `${screenshots}${name}-empty.png` })
    const letGo = await holdReconnects(page)
    await ask(page)
    await more(page, 87)
    await page.click('#drop')
    await moreInSilence(23)
    letGo()
    await page.locator('#tokens', { hasText: /^110$/ }).waitFor()
    await more(page, 60)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    const caret = page.locator('.answer > :last-child')
    const composer = await page.locator('#ask').boundingBox()
    const end = await caret.boundingBox()
    expect((end?.y ?? 0) + (end?.height ?? 0)).toBeLessThan(composer?.y ?? 0)
    await page.mouse.move(0, 0)
    await page.screenshot({ path: `${screenshots}${name}.png` })
    expect(complaints).toEqual([])
  })

  /** The whole answer has come, once. */
  async function expectComplete(page: Page): Promise<void> {
    expect(plain(await answerOf(page))).toBe(plain(expectedAnswer()))
    expect(await page.textContent('#missing')).toBe('0')
    expect(await page.textContent('#doubled')).toBe('0')
    expect(stepped.model.begun).toBe(1)
  }
})

/** Waits until the page says that this is the state. */
async function state(page: Page, text: string): Promise<void> {
  await page.locator('#state', { hasText: new RegExp(`^${text}$`) }).waitFor()
}

function notes(page: Page): Promise<string[]> {
  return page.locator('#notes li').allTextContents()
}

function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id)
}

async function answerOf(page: Page): Promise<string> {
  return (await page.locator('.answer').last().textContent()) ?? ''
}

function expectedAnswer(): string {
  return compose(PROMPT, seededRandom(hashOf(PROMPT)))
}

/** A text without what Markdown makes of it. */
function plain(text: string): string {
  return text.replaceAll(/^- /gm, '').replaceAll(/[\s*]/g, '')
}
