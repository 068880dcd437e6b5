import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesInUse } from '../../test/memory.ts'
import { Deque } from './deque.ts'

/** Pushed, or shifted so many times. */
const step = fc.oneof(
  fc.record({ push: fc.integer({ min: 1, max: 2_000 }) }),
  fc.record({ shift: fc.integer({ min: 1, max: 2_000 }) }),
)

describe('Deque', () => {
  it('is what an array would be, whatever is pushed and shifted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const deque = new Deque<number>()
        const array: number[] = []
        let next = 0
        for (const one of steps) {
          if ('push' in one) {
            for (let i = 0; i < one.push; i++) {
              deque.push(next)
              array.push(next++)
            }
          } else {
            for (const value of array.splice(0, one.shift)) expect(deque.shift()).toBe(value)
            if (array.length === 0) expect(deque.shift()).toBeUndefined()
          }
          expect(deque.length).toBe(array.length)
          expect([deque.at(-1), deque.at(0), deque.at(array.length)]).toEqual([undefined, array[0], undefined])
          expect(Array.from({ length: array.length }, (_, i) => deque.at(i))).toEqual(array)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('finds the first value that is not before, by halves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.nat(20),
        fc.integer({ min: -1, max: 51 }),
        (all, gone, at) => {
          const sorted = all.toSorted((a, b) => a - b)
          const deque = new Deque<number>()
          for (const value of sorted) deque.push(value)
          for (let i = 0; i < gone; i++) deque.shift()
          let asked = 0
          const found = deque.search((value) => {
            asked++
            return value < at
          })
          const rest = sorted.slice(gone)
          const expected = rest.findIndex((value) => value >= at)
          expect(found).toBe(expected < 0 ? rest.length : expected)
          expect(asked).toBeLessThanOrEqual(Math.ceil(Math.log2(rest.length + 1)))
        },
      ),
    )
  })

  it('holds nothing of what was shifted', () => {
    const deque = new Deque<object>()
    const values = Array.from({ length: 100 }, () => ({}))
    for (const value of values) deque.push(value)
    for (let i = 0; i < 60; i++) deque.shift()
    expect(Array.from({ length: 100 }, (_, i) => deque.at(i - 60)).slice(0, 60)).toEqual(Array(60).fill(undefined))
    expect(deque.at(0)).toBe(values[60])
  })

  it('takes no more room than what is in it', () => {
    const deque = new Deque<number>()
    deque.push(0)
    const before = bytesInUse()
    for (let i = 1; i <= 2_000_000; i++) {
      deque.push(i)
      deque.shift()
    }
    expect(bytesInUse() - before).toBeLessThan(4 * 1024 * 1024)
    expect([deque.length, deque.at(0)]).toEqual([1, 2_000_000])
  })

  it('costs the same for each value, however long it is', () => {
    const deque = new Deque<number>()
    const began = performance.now()
    for (let i = 0; i < 200_000; i++) deque.push(i)
    for (let i = 0; i < 500_000; i++) {
      deque.push(i)
      deque.shift()
    }
    expect(deque.length).toBe(200_000)
    // An array's own `shift`, or a copy at each, would take minutes.
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
