import { describe, expect, it } from 'vitest'
import { readResponses } from './http-response.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('readResponses', () => {
  it('reads chunked bodies, one after the other', () => {
    const [first, second] = read(`${CHUNKED}3\r\nabc\r\n1a\r\n${'x'.repeat(26)}\r\n0\r\n\r\n${CHUNKED}1\r\ny\r\n`)
    expect(first).toMatchObject({ version: '1.1', status: 200, isComplete: true })
    expect(String(first?.body)).toBe(`abc${'x'.repeat(26)}`)
    expect(second).toMatchObject({ isComplete: false })
    expect(String(second?.body)).toBe('y')
  })

  it('reads a response byte by byte as far as it has come', () => {
    const text = `${CHUNKED}3\r\nabc\r\n0\r\n\r\n`
    for (let length = 0; length < text.length; length++) {
      expect(read(text.slice(0, length)).some(({ isComplete }) => isComplete)).toBe(false)
    }
    expect(read(text)).toMatchObject([{ isComplete: true }])
  })

  it('reads bodies by length, to the end of the connection, and none at all', () => {
    expect(String(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab')[0]?.body)).toBe('ab')
    const untilClose = Buffer.from('HTTP/1.0 200 OK\r\nA: 1\r\nA: 2\r\n\r\nab')
    expect(readResponses(untilClose)).toMatchObject([{ isComplete: false }])
    expect(readResponses(untilClose, { ended: true })).toMatchObject([{ isComplete: true, version: '1.0' }])
    expect(readResponses(untilClose)[0]?.headers.get('a')).toEqual(['1', '2'])
    expect(read(`HTTP/1.1 204 No Content\r\n\r\n${CHUNKED}`)).toHaveLength(2)
    expect(readResponses(Buffer.from(`${CHUNKED}${CHUNKED}`), { methods: ['HEAD'] })).toHaveLength(2)
  })

  it.each([
    ['bytes after the terminal chunk', `${CHUNKED}0\r\n\r\n5\r\nlate!\r\n\r\n\r\n`],
    ['a raw body between chunks', `${CHUNKED}data: raw\n\n3\r\nabc\r\n`],
    ['a chunk that is longer than it says', `${CHUNKED}2\r\nabc\r\n`],
    ['a size with a leading zero', `${CHUNKED}03\r\nabc\r\n`],
    ['a header without a name', `HTTP/1.1 200 OK\r\n: x\r\n\r\n`],
  ])('refuses %s', (_, text) => {
    expect(() => read(text)).toThrow(/^no /)
  })
})

function read(text: string): ReturnType<typeof readResponses> {
  return readResponses(Buffer.from(text))
}
