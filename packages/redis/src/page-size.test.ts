import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PageSize } from './page-size.ts'

describe('PageSize', () => {
  it('begins small, and grows to 500 where entries are short', () => {
    const size = new PageSize()
    const counts = [size.count]
    for (let i = 0; i < 4; i++) {
      size.saw(size.count, size.count * 100)
      counts.push(size.count)
    }
    expect(counts).toEqual([16, 64, 256, 500, 500])
  })

  it('is small where entries are long, and grows again after them', () => {
    const size = new PageSize()
    size.saw(16, 16 * 2 ** 20)
    expect(size.count).toBe(4)
    size.saw(4, 4 * 2 ** 24)
    expect(size.count).toBe(1)
    for (let i = 0; i < 6; i++) size.saw(size.count, size.count * 100)
    expect(size.count).toBe(500)
  })

  it('stays what it is where nothing was seen', () => {
    const size = new PageSize()
    size.saw(0, 0)
    expect(size.count).toBe(16)
  })

  it('is between 1 and 500, and asks for about 4 Mi characters, whatever is seen', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat(2 ** 30))), (pages) => {
        const size = new PageSize()
        for (const [entries, characters] of pages) {
          size.saw(entries, characters)
          expect(size.count).toBeGreaterThanOrEqual(1)
          expect(size.count).toBeLessThanOrEqual(500)
          if (size.count > 1)
            expect(size.count * (characters / entries)).toBeLessThanOrEqual(4 * 2 ** 20 + characters / entries)
        }
      }),
    )
  })
})
