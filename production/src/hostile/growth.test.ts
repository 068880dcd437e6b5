import { describe, expect, it } from 'vitest'
import { growthOf, MAX_GROWTH } from './growth.ts'

const KIB = 1024

describe('growthOf', () => {
  it('tells what is left by each seed, whatever one of them is', () => {
    const heaps = Array.from({ length: 30 }, (_, i) => (30_000 + i * 50 + (i % 7 === 0 ? 900 : 0)) * KIB)
    expect(growthOf(heaps)).toBeGreaterThan(MAX_GROWTH)
  })

  it('takes what grows at first for no leak', () => {
    const heaps = Array.from({ length: 30 }, (_, i) => (30_000 + Math.min(i, 8) * 500) * KIB)
    expect(growthOf(heaps)).toBe(0)
  })

  it('says nothing of a few', () => {
    expect(growthOf([1, 2, 3])).toBeUndefined()
  })
})
