import { getEventListeners } from 'node:events'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { delay, keepRunning } from './keep-running.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers().restoreAllMocks())
})

describe('keepRunning', () => {
  it('runs again after a run that broke, with pauses that grow from 50 ms to 2 s', async () => {
    for (const [drawn, expected] of [
      [0, [25, 50, 100, 200, 400, 800, 1_000, 1_000, 1_000]],
      [1, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(drawn)
      const { starts, stop } = run(async () => {
        throw new Error('away')
      })
      for (let i = 0; i < 9; i++) await vi.advanceTimersToNextTimerAsync()
      expect(pausesOf(starts).map(Math.round)).toEqual(expected)
      await stop()
    }
  })

  it('draws each pause, so that many do not come at once', async () => {
    const { starts, stop } = run(() => Promise.reject(new Error('away')))
    for (let i = 0; i < 40; i++) await vi.advanceTimersToNextTimerAsync()
    const late = pausesOf(starts).slice(6)
    for (const pause of late) expect(pause).toBeGreaterThanOrEqual(1_000)
    for (const pause of late) expect(pause).toBeLessThanOrEqual(2_001)
    expect(new Set(late).size).toBeGreaterThan(20)
    await stop()
  })

  it('begins with short pauses again after a run that has told that it works', async () => {
    let works = false
    const { starts, stop } = run(async (isWorking) => {
      if (works) isWorking()
      throw new Error('away')
    })
    for (let i = 0; i < 8; i++) await vi.advanceTimersToNextTimerAsync()
    works = true
    for (let i = 0; i < 4; i++) await vi.advanceTimersToNextTimerAsync()
    const pauses = pausesOf(starts)
    expect(pauses[7]).toBeGreaterThanOrEqual(1_000)
    for (const pause of pauses.slice(9)) expect(pause).toBeLessThanOrEqual(51)
    await stop()
  })

  it('tells of each run that broke, not of one that ended', async () => {
    const errors = [new Error('1'), undefined, new Error('3')]
    const { told, stop } = run(async () => {
      const error = errors.shift()
      if (error !== undefined) throw error
    })
    for (let i = 0; i < 2; i++) await vi.advanceTimersToNextTimerAsync()
    expect(told.map(String)).toEqual(['Error: 1', 'Error: 3'])
    await stop()
  })

  it('ends with its signal: in a pause at once, in a run when that ends, and tells of nothing then', async () => {
    const pausing = run(() => Promise.reject(new Error('away')))
    await vi.advanceTimersByTimeAsync(0)
    await pausing.stop()
    expect(pausing.told).toHaveLength(1)
    let breakIt: (error: Error) => void = () => {}
    const running = run(
      () =>
        new Promise((_, reject) => {
          breakIt = reject
        }),
    )
    const stopped = vi.fn()
    const stopping = running.stop().then(stopped)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(stopped).not.toHaveBeenCalled()
    breakIt(new Error('aborted'))
    await stopping
    expect([running.told, running.starts.length, vi.getTimerCount()]).toEqual([[], 1, 0])
  })

  it('does not begin when it is aborted already', async () => {
    const started = vi.fn()
    await keepRunning(started, { signal: AbortSignal.abort(), onBreak: () => {} })
    expect(started).not.toHaveBeenCalled()
  })

  it('[H12] leaves no listener and no timer of a thousand runs', async () => {
    const { signal, starts, stop } = run(() => Promise.reject(new Error('away')))
    for (let i = 0; i < 1_000; i++) await vi.advanceTimersToNextTimerAsync()
    expect(starts).toHaveLength(1_001)
    expect([getEventListeners(signal, 'abort').length, vi.getTimerCount()]).toEqual([1, 1])
    await stop()
    expect([getEventListeners(signal, 'abort').length, vi.getTimerCount()]).toEqual([0, 0])
  })
})

describe('delay', () => {
  it('is over after its time, and leaves nothing', async () => {
    const { signal } = new AbortController()
    const over = vi.fn()
    const waiting = delay(100, signal).then(over)
    await vi.advanceTimersByTimeAsync(99)
    expect(over).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect([getEventListeners(signal, 'abort').length, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('is over when it is aborted, also before it begins', async () => {
    const controller = new AbortController()
    const waiting = delay(100, controller.signal)
    controller.abort()
    await waiting
    await delay(100, controller.signal)
    expect([getEventListeners(controller.signal, 'abort').length, vi.getTimerCount()]).toEqual([0, 0])
  })
})

/** Keeps something running, and notes when it was run. */
function run(what: (isWorking: () => void) => Promise<void>) {
  const controller = new AbortController()
  const starts: number[] = []
  const told: unknown[] = []
  const started = (isWorking: () => void): Promise<void> => {
    starts.push(performance.now())
    return what(isWorking)
  }
  const running = keepRunning(started, { signal: controller.signal, onBreak: (error) => void told.push(error) })
  return {
    signal: controller.signal,
    starts,
    told,
    stop(): Promise<void> {
      controller.abort()
      return running
    },
  }
}

function pausesOf(starts: readonly number[]): number[] {
  return starts.slice(1).map((start, i) => start - (starts[i] ?? 0))
}
