import { describe, expect, it } from 'vitest'
import { ChunkedBody } from './chunked-body.ts'

const BODY = '5\r\nhello\r\n2;name=value\r\n\r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n'

describe('ChunkedBody', () => {
  it('gives the content, wherever it was cut apart', () => {
    for (let cut = 0; cut <= BODY.length; cut++) {
      const body = new ChunkedBody()
      const content = body.take(BODY.slice(0, cut)) + body.take(BODY.slice(cut))
      expect(content).toBe('hello\r\nabcdefghijklmnopqrstuvwxyz')
      expect(body.isOver).toBe(true)
    }
    const body = new ChunkedBody()
    expect([...BODY].map((byte) => body.take(byte)).join('')).toBe('hello\r\nabcdefghijklmnopqrstuvwxyz')
  })

  it('is not over before its last chunk', () => {
    const body = new ChunkedBody()
    body.take(BODY.slice(0, BODY.lastIndexOf('0')))
    expect(body.isOver).toBe(false)
  })

  it('throws where no chunk begins', () => {
    expect(() => new ChunkedBody().take('data: x\n')).toThrow('data: x')
  })
})
