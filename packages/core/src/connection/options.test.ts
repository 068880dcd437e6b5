import { describe, expect, it } from 'vitest'
import { SseError } from '../wire/error.ts'
import { assertInteger, type StreamOptions, streamSettings } from './options.ts'

describe('streamSettings', () => {
  it('has defaults', () => {
    const defaults = {
      status: undefined,
      headers: [],
      retry: undefined,
      commitAfter: 100,
      maxBufferedBytes: 1024 * 1024,
      principal: undefined,
      expiresAt: undefined,
      onError: undefined,
    }
    expect(streamSettings()).toEqual(defaults)
    expect(streamSettings({})).toEqual(defaults)
  })

  it('[E3] takes every value at the edge of what is allowed', () => {
    const edges: StreamOptions[] = [
      { status: 200, retry: 0, commitAfter: 0, maxBufferedBytes: 0, principal: '', expiresAt: 0 },
      { status: 599, retry: 2_147_483_647, commitAfter: 2_147_483_647, maxBufferedBytes: Number.MAX_SAFE_INTEGER },
    ]
    for (const options of edges) expect(streamSettings(options)).toMatchObject(options)
  })

  it('takes a date or a number of milliseconds as the end', () => {
    expect(streamSettings({ expiresAt: new Date(1_234) }).expiresAt).toBe(1_234)
    expect(streamSettings({ expiresAt: 1_234.5 }).expiresAt).toBe(1_234.5)
  })

  it.each<[keyof StreamOptions, unknown, RegExp]>([
    ['status', 199, /200 to 599, not 199/],
    ['status', 600, /200 to 599/],
    ['status', '200', /200 to 599/],
    ['retry', -1, /0 to 2147483647/],
    ['retry', 2_147_483_648, /0 to 2147483647/],
    ['retry', 1.5, /0 to 2147483647/],
    ['retry', Number.NaN, /0 to 2147483647/],
    ['commitAfter', -1, /0 to 2147483647/],
    ['commitAfter', 2_147_483_648, /0 to 2147483647/],
    ['commitAfter', Number.POSITIVE_INFINITY, /0 to 2147483647/],
    ['maxBufferedBytes', -1, /0 to 9007199254740991/],
    ['maxBufferedBytes', 0.5, /0 to 9007199254740991/],
    ['principal', 7, /string/],
    ['principal', null, /string/],
    ['address', 7, /string/],
    ['expiresAt', new Date(Number.NaN), /valid date/],
    ['expiresAt', Number.NaN, /valid date/],
    ['expiresAt', 'tomorrow', /valid date/],
    ['expiresAt', null, /valid date/],
    ['status', 204, /body, not 204/],
    ['status', 205, /body, not 205/],
    ['status', 304, /body, not 304/],
    ['onError', 'log', /function/],
    ['hub', {}, /hub/],
    ['hub', null, /hub/],
  ])('refuses `%s`: %s, naming the option and its limits', (name, value, limits) => {
    // What a caller without types may pass.
    const options = { [name]: value } as StreamOptions
    const refusal = errorOf(() => streamSettings(options))
    expect(refusal).toBeInstanceOf(SseError)
    expect(refusal).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) })
    expect(refusal).toMatchObject({ message: expect.stringMatching(limits) })
  })

  it('[H2] refuses headers that belong to the connection', () => {
    for (const name of ['Transfer-Encoding', 'Connection', 'keep-alive']) {
      expect(() => streamSettings({ headers: { [name]: 'x' } })).toThrow(/headers/)
    }
  })
})

describe('assertInteger', () => {
  it('names the option, its limits and what it was', () => {
    expect(() => assertInteger('a.b', 4, 1, 3)).toThrow('Option `a.b` must be an integer from 1 to 3, not 4.')
    for (const value of [undefined, null, '2', 2n, Symbol('2'), {}]) {
      expect(errorOf(() => assertInteger('a', value, 1, 3))).toBeInstanceOf(SseError)
    }
    assertInteger('a', 1, 1, 3)
    assertInteger('a', 3, 1, 3)
  })
})

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
