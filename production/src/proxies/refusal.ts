import type { RequestOptions } from 'node:http'
import { expect } from 'vitest'
import { openForTest } from './behind.ts'

/**
 * Expects that there is no room: a browser is told when to come back, in a stream that ends, since any other status would
 * stop it for good; all others get that status.
 *
 * @param client who asks
 */
export async function expectRefusal(url: string, status: number, client: RequestOptions = {}): Promise<void> {
  const browser = await openForTest(url, client)
  expect(browser.status).toBe(200)
  expect(await browser.ending).toBe('ended')
  expect(browser.retry).toBeGreaterThanOrEqual(5_000)
  expect(browser.retry).toBeLessThanOrEqual(15_000)
  for (const [method, accept] of [
    ['GET', '*/*'],
    ['POST', 'text/event-stream'],
  ] as const) {
    const other = await openForTest(url, { ...client, method, headers: { ...client.headers, accept } })
    expect(other.status).toBe(status)
    expect(Number(other.headers['retry-after'])).toBeGreaterThanOrEqual(5)
  }
}
