import type { LogEntry } from '@sse/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRecord, RecordReader } from './record-text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const entry = (fields: Partial<LogEntry>): LogEntry => ({
  topic: 'a/b',
  event: 'price',
  data: '1',
  raw: false,
  ...fields,
})

describe('encodeRecord', () => {
  it('is text that people can read: what it is, the topic, the event, the key, then the data', () => {
    const text = (fields: Partial<LogEntry>) => new TextDecoder().decode(encodeRecord(entry(fields)))
    expect(text({ data: '{"p":1}', key: 'AAPL' })).toBe('sse/1 data\na/b\nprice\n"AAPL"\n{"p":1}')
    expect(text({ data: 'a\nb', raw: true })).toBe('sse/1 text\na/b\nprice\n\na\nb')
  })
})

describe('RecordReader', () => {
  it('reads what was written, exactly, however often', () => {
    const text = fc.string({ unit: 'grapheme' })
    const line = text.filter((one) => one !== '' && !/[\r\n]/.test(one) && !one.startsWith('sse.'))
    const reader = new RecordReader()
    fc.assert(
      fc.property(line, text, fc.boolean(), fc.option(text, { nil: undefined }), (event, data, raw, key) => {
        const written = entry({ event, data, raw, ...(key !== undefined && { key }) })
        for (let i = 0; i < 2; i++) {
          expect(reader.read('7', encodeRecord(written))).toStrictEqual({ position: '7', ...written })
        }
      }),
    )
  })

  it('tells how long the data is, in bytes', () => {
    const reader = new RecordReader()
    reader.read('1', encodeRecord(entry({ data: 'é€😀', key: 'k' })))
    expect(reader.bytes).toBe(9)
    reader.read('1', bytes('foreign'))
    expect(reader.bytes).toBe(0)
  })

  it('tells an empty key from none', () => {
    const reader = new RecordReader()
    expect(reader.read('1', encodeRecord(entry({ key: '' })))).toHaveProperty('key', '')
    expect(reader.read('1', encodeRecord(entry({})))).not.toHaveProperty('key')
  })

  it('gives all records of a topic one text for it, which does not hold their data', () => {
    const reader = new RecordReader()
    const long = 'x'.repeat(2_000)
    const [one, other] = [1, 2].map((n) => reader.read('1', encodeRecord(entry({ data: long + n }))))
    expect(one?.data).not.toBe(other?.data)
    expect(one?.topic).toBe(other?.topic)
  })

  it('knows a bounded number of heads, and reads all others, too', () => {
    const reader = new RecordReader()
    for (let n = 0; n < 2_500; n++) {
      expect(reader.read('1', encodeRecord(entry({ topic: `users/${n}` })))).toMatchObject({ topic: `users/${n}` })
    }
  })

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['JSON', '{"topic":"a","event":"b"}'],
    ['another version', 'sse/2 data\na\nb\n\nx'],
    ['too few lines', 'sse/1 data\na\nb\nx'],
    ['no topic', 'sse/1 data\n\nb\n\nx'],
    ['a pattern as topic', 'sse/1 data\na/*\nb\n\nx'],
    ['no event', 'sse/1 data\na\n\n\nx'],
    ['an event that forges a line', 'sse/1 data\na\nb\rid: 1\n\nx'],
    ['an event of the library', 'sse/1 data\na\nsse.gap\n\nx'],
    ['a key that is no JSON', 'sse/1 data\na\nb\nkey\nx'],
    ['a key that is no text', 'sse/1 data\na\nb\n7\nx'],
  ])('takes no message with %s', (_, text) => {
    const reader = new RecordReader()
    expect(reader.read('1', bytes(text))).toBeUndefined()
    expect(reader.read('1', bytes(text))).toBeUndefined()
  })

  it('takes no message that is not UTF-8', () => {
    expect(new RecordReader().read('1', new Uint8Array([...bytes('sse/1 data\na\nb\n\n'), 0xc3, 0x28]))).toBeUndefined()
  })
})
