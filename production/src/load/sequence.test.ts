import { describe, expect, it } from 'vitest'
import { Sequence } from './sequence.ts'

function seen(numbers: readonly number[]): Sequence {
  const sequence = new Sequence()
  for (const n of numbers) sequence.take(n)
  return sequence
}

describe('Sequence', () => {
  it('begins anywhere', () => {
    expect(new Sequence().hasBegun).toBe(false)
    expect(seen([7, 8, 9])).toMatchObject({ hasBegun: true, last: 9, lost: 0, repeated: 0 })
  })

  it('counts what is missing', () => {
    expect(seen([1, 2, 5, 7])).toMatchObject({ last: 7, lost: 3, repeated: 0 })
  })

  it('counts what comes again, and what comes too late', () => {
    expect(seen([3, 4, 4, 5, 2, 6])).toMatchObject({ last: 6, lost: 0, repeated: 2 })
  })
})
