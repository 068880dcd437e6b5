import { describe, expect, it } from 'vitest'
import { eventOf } from './message.ts'

describe('eventOf', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['a string, which is its data', 'text', 'text'],
    ['a number', 7, { data: 7 }],
    ['a boolean', false, { data: false }],
    ["Nest's `type`", { type: 'tick', data: 1 }, { event: 'tick', data: 1 }],
    [
      "the standard's `event`, which wins",
      { type: 'nest', event: 'standard', data: 1 },
      { event: 'standard', data: 1 },
    ],
    ['fields that are null, which are none', { data: null, type: null, id: null, retry: null }, { data: null }],
    ['an id that is a number', { data: 1, id: 7 }, { data: 1, id: '7' }],
    ['an empty id, which is one', { type: 'tick', data: '', id: '' }, { event: 'tick', data: '', id: '' }],
  ])('takes %s', (_what, message, event) => {
    expect(eventOf(message)).toEqual(event)
  })

  it('takes an event of a class, with getters', () => {
    class Tick {
      get type(): string {
        return 'tick'
      }
      get data(): string {
        return 'got'
      }
    }
    expect(eventOf(new Tick())).toEqual({ event: 'tick', data: 'got' })
  })

  it('leaves a standard event the very same object', () => {
    const event = { event: 'tick', data: 1 }
    expect(eventOf(event)).toBe(event)
  })

  it('leaves to be refused what cannot be one', () => {
    expect(eventOf(null)).toBeNull()
    expect(eventOf(undefined)).toBeUndefined()
  })
})
