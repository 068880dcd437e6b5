import { describe, expect, it } from 'vitest'
import { rotated, spread } from './statistics.ts'

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
