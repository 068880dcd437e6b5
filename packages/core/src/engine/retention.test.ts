import { describe, expect, it } from 'vitest'
import { Retention } from './retention.ts'

describe('Retention', () => {
  it('is twice the largest ring that follows, and at least 20,000', () => {
    const retention = new Retention(undefined)
    expect(retention.maxEvents).toBe(20_000)
    retention.mustHold(5_000)
    expect(retention.maxEvents).toBe(20_000)
    retention.mustHold(50_000)
    retention.mustHold(10_000)
    expect(retention.maxEvents).toBe(100_000)
  })

  it('is what was given, and refuses a ring that is larger', () => {
    const retention = new Retention(1_000)
    retention.mustHold(1_000)
    expect(retention.maxEvents).toBe(1_000)
    expect(() => retention.mustHold(1_001)).toThrow(
      expect.objectContaining({
        code: 'SSE_INVALID_FIELD',
        message: expect.stringMatching(/`maxEvents` must be at least the ring's \(1001\).*not 1000/),
      }),
    )
  })
})
