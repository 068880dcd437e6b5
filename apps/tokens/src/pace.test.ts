import { describe, expect, it } from 'vitest'
import { naturalPace } from './pace.ts'
import { seededRandom } from './random.ts'

describe('naturalPace', () => {
  it('thinks for a while, and then speaks', async () => {
    const pace = naturalPace(seededRandom(1))
    const { signal } = new AbortController()
    const took: number[] = []
    for (let i = 0; i < 4; i++) {
      const before = performance.now()
      await pace(signal)
      took.push(performance.now() - before)
    }
    const [first = 0, ...others] = took
    expect(first).toBeGreaterThanOrEqual(249)
    for (const ms of others) expect(ms).toBeGreaterThanOrEqual(14)
    expect(Math.min(...others)).toBeLessThan(first)
  })

  it('rejects at once when it is aborted', async () => {
    const work = new AbortController()
    const waiting = naturalPace(seededRandom(1))(work.signal)
    work.abort()
    await expect(waiting).rejects.toThrow(/abort/)
  })
})
