import { describe, expect, it } from 'vitest'
import { SseError } from '../wire/error.ts'
import { entryOf } from './entry.ts'

describe('entryOf', () => {
  it('makes an entry of strings as they are, and of everything else serialized', () => {
    expect(entry({ data: 'a "b"' })).toEqual({ topic: 't', event: 'message', data: 'a "b"', raw: true })
    expect(entry({ event: 'price', data: { p: 1 } })).toEqual({
      topic: 't',
      event: 'price',
      data: '{"p":1}',
      raw: false,
    })
    expect(entry({ data: 1 }, { serialize: (data) => `<${String(data)}>` })).toMatchObject({ data: '<1>', raw: false })
  })

  it('[E3] takes an empty string, null, 0 and false as data', () => {
    const texts = ['', null, 0, false].map((data) => entry({ data }).data)
    expect(texts).toEqual(['', 'null', '0', 'false'])
  })

  it('carries a key only if there is one', () => {
    expect(Object.hasOwn(entry({ data: '' }), 'key')).toBe(false)
    expect(entry({ data: '', key: '' }).key).toBe('')
    expect(entry({ data: '', key: 'k'.repeat(256) }).key).toHaveLength(256)
  })

  const circular: Record<string, unknown> = {}
  circular.self = circular
  const refused: [name: string, field: string, topic: unknown, event: unknown][] = [
    ['an empty topic', 'topic', '', { data: 'a' }],
    ['a topic with an empty part', 'topic', 'a//b', { data: 'a' }],
    ['a topic that is a pattern', 'topic', 'a/*', { data: 'a' }],
    ['a topic with a star in a part', 'topic', 'a*', { data: 'a' }],
    ['a topic of 257 bytes', 'topic', 'a'.repeat(257), { data: 'a' }],
    ['a topic with a control character', 'topic', 'a\nb', { data: 'a' }],
    ['a topic that is no string', 'topic', 5, { data: 'a' }],
    ['a reserved topic', 'topic', 'sse.disconnect', { data: 'a' }],
    ['a reserved event', 'event', 't', { event: 'sse.gap', data: 'a' }],
    ['[E2] an event with LF', 'event', 't', { event: 'a\nb', data: 'a' }],
    ['[E2] an event with CR', 'event', 't', { event: 'a\rb', data: 'a' }],
    ['an empty event', 'event', 't', { event: '', data: 'a' }],
    ['an event that is no string', 'event', 't', { event: 5, data: 'a' }],
    ['an event with half a surrogate pair', 'event', 't', { event: '\ud800', data: 'a' }],
    ['null for an event', 'event', 't', null],
    ['a string for an event', 'event', 't', 'a'],
    ['[E10] an event without data', 'data', 't', { event: 'a' }],
    ['nothing at all', 'data', 't', {}],
    ['undefined as data', 'data', 't', { data: undefined }],
    ['a function as data', 'data', 't', { data: () => 1 }],
    ['a symbol as data', 'data', 't', { data: Symbol('a') }],
    ['circular data', 'data', 't', { data: circular }],
    ['a BigInt as data', 'data', 't', { data: 1n }],
    ['half a surrogate pair as data', 'data', 't', { data: 'a\udc00' }],
    ['data whose own serializing throws', 'data', 't', { data: { toJSON: () => fail() } }],
    ['a key that is no string', 'key', 't', { data: 'a', key: 5 }],
    ['a key of 257 bytes', 'key', 't', { data: 'a', key: '\u20ac'.repeat(86) }],
    ['a key with half a surrogate pair', 'key', 't', { data: 'a', key: '\ud800' }],
  ]
  for (const [name, field, topic, event] of refused) {
    it(`refuses ${name}, naming \`${field}\``, () => {
      const error = thrownBy(() => entryOf(topic as string, event as object, JSON.stringify, 1_000))
      expect(error).toBeInstanceOf(SseError)
      expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${field}\``) })
    })
  }

  it('names `data` when the serializer throws or gives no string, with what it threw as the cause', () => {
    const cause = new Error('no')
    const error = thrownBy(() =>
      entry(
        { data: 1 },
        {
          serialize: () => {
            throw cause
          },
        },
      ),
    )
    expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`data`'), cause })
    const none = { serialize: (() => undefined) as unknown as () => string }
    expect(thrownBy(() => entry({ data: 1 }, none))).toMatchObject({ code: 'SSE_INVALID_FIELD' })
  })

  it('counts the bytes of data, event and key, and refuses more than there may be', () => {
    expect(entry({ event: 'ab', data: '\u20ac\u20ac', key: 'cd' }, { eventBytes: 10 })).toMatchObject({ event: 'ab' })
    for (const event of [
      { event: 'abc', data: '\u20ac\u20ac', key: 'cd' },
      { event: 'ab', data: '\u20ac\u20acx', key: 'cd' },
      { event: 'ab', data: '\u20ac\u20ac', key: 'cde' },
    ]) {
      expect(thrownBy(() => entry(event, { eventBytes: 10 }))).toMatchObject({
        code: 'SSE_LIMIT',
        message: expect.stringMatching(/`data`.*10 bytes.*`limits\.eventBytes`/),
      })
    }
  })
})

function entry(event: object, options: { serialize?: (data: unknown) => string; eventBytes?: number } = {}) {
  return entryOf('t', event, options.serialize ?? JSON.stringify, options.eventBytes ?? 1_000)
}

function fail(): never {
  throw new Error('no')
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
