import { describe, expect, it } from 'vitest'
import { hashOf, seededRandom } from './random.ts'

describe('seededRandom', () => {
  it('draws the same from the same seed, and else other things', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 20 }, () => random.between(0, 1))
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('keeps to its limits', () => {
    const random = seededRandom(1)
    const drawn = Array.from({ length: 10_000 }, () => random.between(15, 85))
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(15)
    expect(Math.min(...drawn)).toBeLessThan(16)
    expect(Math.max(...drawn)).toBeLessThan(85)
    expect(Math.max(...drawn)).toBeGreaterThan(84)
  })

  it('samples without drawing anything twice, and leaves the list alone', () => {
    const list = ['a', 'b', 'c', 'd']
    const random = seededRandom(1)
    for (let i = 0; i < 100; i++) expect(new Set(random.sample(list, 3)).size).toBe(3)
    expect(random.sample(list, 9).toSorted()).toEqual(list)
    expect(list).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('hashOf', () => {
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j is that of FNV-1a', (text, hash) => {
    expect(hashOf(text)).toBe(hash)
  })
})
