import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readResponses } from '../testing/http-response.ts'
import { Chunk, COMMENT } from './chunk.ts'

const HEAD = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
const END = Buffer.from('0\r\n\r\n')

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('Chunk', () => {
  it.each([1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65_535, 65_536, 1_048_575, 1_048_576])(
    'codes %s bytes as exactly one chunk of HTTP/1.1',
    (length) => {
      const chunk = Chunk.ofText('x'.repeat(length), 1)
      expect(String(chunk.coded.subarray(0, 16))).toMatch(new RegExp(`^${length.toString(16)}\r\n`))
      expect(bodyOf([chunk.coded])).toEqual(Buffer.from(chunk.bytes))
      expect(chunk.bytes).toHaveLength(length)
    },
  )

  it('joins with others to a body, whatever the texts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 20 }), (texts) => {
        const chunks = texts.map((text) => Chunk.ofText(text, 1))
        expect(String(bodyOf(chunks.map(({ coded }) => coded)))).toBe(texts.join(''))
        expect(chunks.map(({ bytes }) => String(Buffer.from(bytes)))).toEqual(texts)
      }),
    )
  })

  it('is UTF-8', () => {
    expect(Chunk.ofText('ü€😀', 1).bytes).toEqual(Buffer.from('ü€😀'))
  })

  it('shares one allocation between its two forms, and nothing with others', () => {
    const { bytes, coded } = Chunk.ofText('data: a\n\n', 1)
    expect(bytes.buffer).toBe(coded.buffer)
    // A buffer of the pool would keep 8 KiB alive.
    expect(bytes.buffer.byteLength).toBeLessThan(bytes.length + 20)
  })

  it('is a Buffer where there is one, which sockets take as it is', () => {
    expect(Buffer.isBuffer(Chunk.ofText('a', 1).coded)).toBe(true)
  })

  it('is the same bytes where there is no Buffer', async () => {
    const { coded } = Chunk.ofText('data: ü\n\n', 1)
    vi.resetModules()
    vi.stubGlobal('Buffer', undefined)
    const { Chunk: OtherChunk } = await import('./chunk.ts')
    const other = OtherChunk.ofText('data: ü\n\n', 1).coded
    vi.unstubAllGlobals()
    expect(Buffer.isBuffer(other)).toBe(false)
    expect(Buffer.from(other)).toEqual(coded)
  })

  it('is filled by whoever knows the bytes, and counts its events', () => {
    const chunk = Chunk.ofBytes(4, 2, (target) => target.set(Buffer.from('abcd')))
    expect(String(chunk.coded)).toBe('4\r\nabcd\r\n')
    expect(chunk.events).toBe(2)
  })
})

describe('COMMENT', () => {
  it('[E10] [E9] is a comment and no event: no field, no id', () => {
    expect(String(COMMENT.bytes)).toBe(':\n\n')
    expect(COMMENT.events).toBe(0)
  })
})

/** What a strict client reads. */
function bodyOf(coded: readonly Uint8Array[]): Buffer | undefined {
  const [response] = readResponses(Buffer.concat([HEAD, ...coded, END]))
  expect(response?.isComplete).toBe(true)
  return response?.body
}
