import { describe, expect, it } from 'vitest'
import { SseError } from './error.ts'
import { assertField, assertRetry, assertText, MAX_RETRY } from './event.ts'

describe('assertField', () => {
  it('[E2] takes one line, and refuses every CR and LF, and in an id every NUL', () => {
    for (const text of ['a', ' ', 'é😀', '\u2028', '\t']) {
      expect(() => assertField('event', text)).not.toThrow()
      expect(() => assertField('id', text)).not.toThrow()
    }
    for (const text of ['\n', 'a\r', '\r\nb']) {
      expect(() => assertField('event', text)).toThrow(/^`event` .*CR or LF/)
      expect(() => assertField('id', text)).toThrow(/^`id` .*CR or LF/)
    }
    expect(() => assertField('id', '\0')).toThrow(/^`id` .*NUL/)
    expect(() => assertField('event', '\0')).not.toThrow()
  })

  it('[E3] takes an empty id, but no empty event', () => {
    expect(() => assertField('id', '')).not.toThrow()
    expect(() => assertField('event', '')).toThrow(/^`event` .*empty/)
  })

  it('throws a SseError with the code SSE_INVALID_FIELD', () => {
    expect(() => assertField('id', 1)).toThrow(SseError)
    expect(() => assertField('id', 1)).toThrow(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
  })
})

describe('assertRetry', () => {
  it('[E6] takes whole milliseconds up to 2³¹ − 1', () => {
    expect(MAX_RETRY).toBe(2 ** 31 - 1)
    for (const retry of [0, 1, MAX_RETRY]) expect(() => assertRetry(retry)).not.toThrow()
    for (const retry of [-1, 1.5, MAX_RETRY + 1, Number.NaN, '1', null]) {
      expect(() => assertRetry(retry)).toThrow(/^`retry` .*2147483647/)
    }
  })
})

describe('assertText', () => {
  it('names the field, and what was given instead of a string', () => {
    expect(() => assertText('key', null)).toThrow('`key` must be a string, not null')
    expect(() => assertText('key', 1)).toThrow('`key` must be a string, not number')
  })

  it('refuses half a surrogate pair', () => {
    for (const text of ['\ud83d', 'a\ude00', '\ude00\ud83d']) expect(() => assertText('key', text)).toThrow(/^`key` /)
    expect(() => assertText('key', '\ud83d\ude00\r\n\0')).not.toThrow()
  })
})
