import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.ts'

describe('seededRandom', () => {
  it('draws the same numbers from the same seed', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? random.uniform() : random.normal()))
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('draws numbers from 0 to below 1, in no favoured place', () => {
    const random = seededRandom(1)
    const numbers = Array.from({ length: 10_000 }, () => random.uniform())
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(mean(numbers)).toBeCloseTo(0.5, 1)
  })

  it('draws normal numbers with mean 0 and variance 1', () => {
    const random = seededRandom(1)
    const numbers = Array.from({ length: 10_000 }, () => random.normal())
    expect(mean(numbers)).toBeCloseTo(0, 1)
    expect(mean(numbers.map((number) => number ** 2))).toBeCloseTo(1, 1)
  })
})

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
