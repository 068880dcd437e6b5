import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.ts'

describe('seededRandom', () => {
  it('draws the same numbers from the same seed', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 100 }, () => random.uniform())
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('draws whole numbers from the least to the most, and each of them', () => {
    const random = seededRandom(1)
    const drawn = new Set(Array.from({ length: 1_000 }, () => random.integer(3, 6)))
    expect([...drawn].toSorted()).toEqual([3, 4, 5, 6])
  })

  it('picks every value, each about as often', () => {
    const random = seededRandom(1)
    const picked = Array.from({ length: 3_000 }, () => random.pick(['a', 'b', 'c']))
    for (const value of ['a', 'b', 'c']) {
      const times = picked.filter((each) => each === value).length
      expect(times).toBeGreaterThan(900)
      expect(times).toBeLessThan(1_100)
    }
  })
})
