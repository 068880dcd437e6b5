import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparePositions, isPosition, ordinalOf, positionBefore } from './position.ts'

const position = fc
  .tuple(fc.integer({ min: 1, max: 999_999_999_999_999 }), fc.integer({ min: 0, max: 999_999_999_999_999 }))
  .map(([ms, ordinal]) => `${ms}-${ordinal}`)

describe('isPosition', () => {
  it('takes what Redis is told to take for an id', () => {
    fc.assert(fc.property(position, (text) => void expect(isPosition(text)).toBe(true)))
  })

  it.each([
    '',
    '-',
    '1',
    '1-',
    '-1',
    '0-1',
    '01-1',
    '1-01',
    '1-1-1',
    '1-1n',
    '1-1\n',
    ' 1-1',
    '1-1 ',
    '+1-1',
    '1-1.0',
    '1e3-1',
    '$',
    '*',
    '(1-1',
    '1234567890123456-1',
    '1-1234567890123456',
    '١-١',
  ])('takes %j for none', (text) => {
    expect(isPosition(text)).toBe(false)
  })
})

describe('comparePositions', () => {
  it('goes by the number of an entry in its epoch, and is an order', () => {
    expect(comparePositions('5-9', '5-10')).toBeLessThan(0)
    expect(comparePositions('9-9', '10-10')).toBeLessThan(0)
    expect(comparePositions('5-9', '5-9')).toBe(0)
    fc.assert(
      fc.property(position, position, (a, b) => {
        expect(Math.sign(comparePositions(a, b))).toBe(0 - Math.sign(comparePositions(b, a)))
        expect(Math.sign(comparePositions(a, b))).toBe(Math.sign(ordinalOf(a) - ordinalOf(b)))
      }),
    )
  })
})

describe('positionBefore', () => {
  it('is a position that is so many before', () => {
    expect(positionBefore('7-10', 3)).toBe('7-7')
    fc.assert(
      fc.property(position, fc.nat(1_000), (text, count) => {
        fc.pre(ordinalOf(text) >= count)
        const before = positionBefore(text, count)
        expect(isPosition(before)).toBe(true)
        expect(comparePositions(text, before)).toBe(count)
      }),
    )
  })
})
