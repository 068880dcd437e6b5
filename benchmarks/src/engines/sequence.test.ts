import { describe, expect, it } from 'vitest'
import { payload } from '../payload.ts'
import { Sequence } from './sequence.ts'

describe('Sequence', () => {
  it('tells how many were read since the last time', async () => {
    const sequence = read(3, 4, 5)
    expect(await sequence.reached(5)).toMatchObject({ count: 3 })
    const more = sequence.reached(7)
    sequence.data(payload(6, 100))
    sequence.data(payload(7, 100))
    expect(await more).toMatchObject({ count: 2 })
  })

  it.each([
    ['missing', [1, 2, 4], 'event 4 was read where 3 was due'],
    ['read twice', [1, 2, 2], 'event 2 was read where 3 was due'],
  ])('finds one that is %s', async (_, numbers, message) => {
    await expect(read(...numbers).reached(4)).rejects.toThrow(message)
  })

  it('fails whoever waits', async () => {
    const sequence = read(1)
    const waiting = sequence.reached(2)
    sequence.fail(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
  })
})

function read(...numbers: readonly number[]): Sequence {
  const sequence = new Sequence()
  for (const number of numbers) sequence.data(payload(number, 100))
  return sequence
}
