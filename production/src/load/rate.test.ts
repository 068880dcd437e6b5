import { describe, expect, it } from 'vitest'
import { inEachSecond, mostInASecond } from './rate.ts'

describe('mostInASecond', () => {
  it('finds the worst second wherever it begins', () => {
    expect(mostInASecond([0, 900, 1_000, 1_100, 1_899, 5_000])).toBe(4)
    expect(mostInASecond([0, 1_000, 2_000])).toBe(1)
    expect(mostInASecond([])).toBe(0)
  })
})

describe('inEachSecond', () => {
  it('counts by the second, those without any too', () => {
    expect(inEachSecond([100, 150, 3_020], 100)).toEqual([2, 0, 1])
  })
})
