import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { drawRetry, independent, reportError } from './host.ts'

describe('drawRetry', () => {
  it('draws whole milliseconds from 2,000 to 5,000, so that clients come back spread', () => {
    const drawn = Array.from({ length: 2_000 }, () => drawRetry())
    expect(drawn.every((delay) => Number.isInteger(delay) && delay >= 2_000 && delay <= 5_000)).toBe(true)
    for (const from of [2_000, 2_750, 3_500, 4_250]) {
      expect(drawn.filter((delay) => delay >= from && delay < from + 750).length).toBeGreaterThan(300)
    }
  })

  it('draws between limits, which are included', () => {
    const drawn = new Set(Array.from({ length: 500 }, () => drawRetry(1, 3)))
    expect([...drawn].sort()).toEqual([1, 2, 3])
    expect(drawRetry(7, 7)).toBe(7)
  })
})

describe('reportError', () => {
  it('tells the console what nobody else listens to, with its stage', () => {
    const write = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => write.mockRestore())
    const error = new Error('of the test')
    reportError(error, { stage: 'source' })
    expect(write.mock.calls).toEqual([['@sse/core: source:', error]])
  })
})

describe('independent', () => {
  it('[P5] has the defaults of a hub, and no limits', () => {
    expect(independent.heartbeat.stallTimeout).toBe(30_000)
    expect(independent.retry()).toBeGreaterThanOrEqual(2_000)
    expect(independent.serialize({ a: 1 })).toBe('{"a":1}')
  })

  it('[P5] beats every 15 s', () => {
    stopClock()
    const { heartbeat } = independent
    const beat = vi.fn()
    const member = { writtenAt: performance.now(), tick: () => {}, beat }
    heartbeat.add(member)
    vi.advanceTimersByTime(14_000)
    expect(beat).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2_000)
    expect(beat).toHaveBeenCalled()
    heartbeat.delete(member)
  })
})
