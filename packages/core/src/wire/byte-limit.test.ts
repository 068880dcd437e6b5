import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exceedsBytes } from './byte-limit.ts'

describe('exceedsBytes', () => {
  it('counts the bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 40 }), (text, limit) => {
        expect(exceedsBytes(text, limit)).toBe(Buffer.byteLength(text) > limit)
      }),
    )
  })

  it.each(['a', 'é', '€', '😀'])('is exact at the limit with %s', (character) => {
    const text = character.repeat(64)
    expect(exceedsBytes(text, Buffer.byteLength(text))).toBe(false)
    expect(exceedsBytes(text, Buffer.byteLength(text) - 1)).toBe(true)
  })
})
