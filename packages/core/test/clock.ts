import { onTestFinished, vi } from 'vitest'

/**
 * Stops the clock of intervals, `performance` and `Date` for a test, which moves it on by hand
 * (`vi.advanceTimersByTime`). Timeouts and the network go on.
 */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}
