import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldsOf, readEntry } from './entry.ts'

/** Text as it may be published: no lone surrogates, which UTF-8 cannot carry. */
const text = fc.string({ unit: 'grapheme' })

describe('an entry', () => {
  it('is read as what it was written from', () => {
    const entry = fc.record(
      { data: text, raw: fc.boolean(), key: fc.string({ unit: 'grapheme-ascii', maxLength: 100 }) },
      { requiredKeys: ['data', 'raw'] },
    )
    fc.assert(
      fc.property(entry, (fields) => {
        const written = { topic: 'stocks/AAPL', event: 'price', ...fields }
        const read = readEntry(['5-7', fieldsOf(written)])
        expect(read).toEqual({ kind: 'record', id: '5-7', record: { ...written, position: '5-7' } })
      }),
    )
  })

  it('tells no key from an empty one, and what was serialized from a string', () => {
    expect(fieldsOf({ topic: 't', event: 'e', data: '1', raw: false })).toEqual([
      'topic',
      't',
      'event',
      'e',
      'data',
      '1',
    ])
    expect(fieldsOf({ topic: 't', event: 'e', data: '1', raw: true, key: '' })).toEqual([
      'topic',
      't',
      'event',
      'e',
      'text',
      '1',
      'key',
      '',
    ])
  })

  it('may be a message between hubs, and the begin of an epoch', () => {
    expect(readEntry(['5-7', ['topic', 'sse.control', 'event', 'disconnect', 'text', 'ann']]).kind).toBe('record')
    const epoch = ['topic', 'sse.epoch', 'event', 'sse.epoch', 'text', 'mwtj2k9xzzzz']
    expect(readEntry(['5-0', epoch])).toEqual({ kind: 'reset', id: '5-0', epoch: 'mwtj2k9xzzzz' })
  })

  it.each([
    ['other fields', ['foo', 'bar']],
    ['no fields', []],
    ['no data', ['topic', 't', 'event', 'e']],
    ['a field without a value', ['topic', 't', 'event', 'e', 'text']],
    ['another order', ['event', 'e', 'topic', 't', 'text', 'x']],
    ['one field more', ['topic', 't', 'event', 'e', 'text', 'x', 'foo', 'bar']],
    ['more than a key', ['topic', 't', 'event', 'e', 'text', 'x', 'key', 'k', 'foo', 'bar']],
    ['an empty topic', ['topic', '', 'event', 'e', 'text', 'x']],
    ['a pattern as topic', ['topic', 'a/*', 'event', 'e', 'text', 'x']],
    ['an event of two lines', ['topic', 't', 'event', 'a\ndata: forged', 'text', 'x']],
    ['an event that only the library may send', ['topic', 't', 'event', 'sse.gap', 'text', 'x']],
    ['a number for data', ['topic', 't', 'event', 'e', 'text', 5]],
    ['null for data', ['topic', 't', 'event', 'e', 'text', null]],
  ])('with %s is foreign', (_, fields) => {
    expect(readEntry(['5-7', fields])).toEqual({ kind: 'foreign', id: '5-7' })
  })

  it('is foreign where its id could not be ours', () => {
    const fields = fieldsOf({ topic: 't', event: 'e', data: 'x', raw: true })
    for (const id of ['0-1', '5-0', '18446744073709551615-18446744073709551615', '', 5, null]) {
      expect(readEntry([id, fields]).kind).toBe('foreign')
    }
  })

  it('is never a reason to throw', () => {
    fc.assert(fc.property(fc.anything(), (anything) => void readEntry(anything)))
    fc.assert(fc.property(fc.array(fc.anything()), (fields) => void readEntry(['5-7', fields])))
    const shaped = fc.tuple(fc.anything(), fc.anything(), fc.anything(), fc.anything())
    fc.assert(
      fc.property(shaped, ([topic, event, data, key]) => {
        readEntry(['5-7', ['topic', topic, 'event', event, 'text', data, 'key', key]])
      }),
    )
  })
})
