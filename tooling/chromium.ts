import { type Browser, chromium } from 'playwright-core'
import type { TestContext } from 'vitest'
import { requireProgram } from './programs.ts'

/** A browser that asks nobody on the Web for anything. */
const ARGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** For tests with a browser, in milliseconds: on a busy machine it takes its time. */
export const BROWSER_TIMEOUT = 90_000

/**
 * Starts the system's Chromium; the test is skipped, or fails in CI, where there is none.
 *
 * @param args more of its arguments
 */
export function launchChromium(context: TestContext, args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: requireProgram('chromium', context), args: [...ARGS, ...args] })
}
