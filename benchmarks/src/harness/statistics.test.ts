import { describe, expect, it } from 'vitest'
import { line, rotated, spread } from './statistics.ts'

describe('spread', () => {
  it('takes the middle of an odd number of rounds, by value and not by time', () => {
    expect(spread([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 })
  })

  it('takes the mean of the two in the middle of an even number', () => {
    expect(spread([1, 2, 4, 100])).toEqual({ median: 3, min: 1, max: 100 })
  })
})

describe('rotated', () => {
  it('lets everyone be first once and drops nobody', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc'])
    expect(rotated([], 1)).toEqual([])
  })
})

describe('line', () => {
  it('is the one with the least squares', () => {
    expect(line([1, 2, 4, 8].map((x) => ({ x, y: 3 + 2 * x })))).toEqual({ at0: 3, perUnit: 2 })
    expect(
      line(
        [
          [0, 0],
          [1, 2],
          [2, 1],
        ].map(([x = 0, y = 0]) => ({ x, y })),
      ),
    ).toEqual({ at0: 0.5, perUnit: 0.5 })
  })
})
