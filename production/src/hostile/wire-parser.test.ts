import { describe, expect, it } from 'vitest'
import { parseResponses } from './wire-parser.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('parseResponses', () => {
  it('reads what was chunked, and what comes behind it', () => {
    const empty = 'HTTP/1.1 204 No Content\r\n\r\n'
    const text = `HTTP/1.1 100 Continue\r\n\r\n${HEAD}3\r\nabc\r\n0\r\n\r\n${empty}${HEAD}2\r\nde`
    expect(read(text).map(({ status, body, isComplete }) => [status, String(body), isComplete])).toEqual([
      [200, 'abc', true],
      [204, '', true],
      [200, 'de', false],
    ])
  })

  it.each([
    ['after the terminal chunk', `${HEAD}0\r\n\r\n3\r\nabc\r\n`],
    ['between two chunks', `${HEAD}1\r\nab\r\n`],
    ['where a chunk size is to be', `${HEAD}data: 1\n\n\r\n`],
    ['before a response', 'data: 1\r\n\r\n'],
  ])('[S1] takes no bytes %s', (_where, text) => {
    expect(() => read(text)).toThrow()
  })

  it('knows that the answer to a HEAD has no body, unless it was refused as no HTTP', () => {
    const length = 'Content-Length: 2\r\n'
    const found = `HTTP/1.1 200 OK\r\n${length}\r\n`
    const refused = `HTTP/1.1 400 Bad Request\r\n${length}Connection: close\r\n\r\nno`
    const responses = read(`${found}${refused}`, ['HEAD', 'HEAD'])
    expect(responses.map(({ status, body }) => [status, String(body)])).toEqual([
      [200, ''],
      [400, 'no'],
    ])
  })
})

function read(text: string, methods: readonly string[] = []) {
  return parseResponses({ bytes: Buffer.from(text, 'latin1'), methods, hasEnded: false })
}
