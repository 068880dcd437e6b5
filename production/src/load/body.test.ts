import { describe, expect, it } from 'vitest'
import { bodyAfter } from './body.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked'
const BODY = '5\r\nhello\r\n2;name=value\r\n\r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n'

describe('bodyAfter', () => {
  it('gives the content, wherever it was cut apart', () => {
    for (let cut = 0; cut <= BODY.length; cut++) {
      const body = bodyAfter(CHUNKED)
      const content = body.take(BODY.slice(0, cut)) + body.take(BODY.slice(cut))
      expect(content).toBe('hello\r\nabcdefghijklmnopqrstuvwxyz')
      expect(body.isOver).toBe(true)
    }
    const body = bodyAfter(CHUNKED)
    expect([...BODY].map((byte) => body.take(byte)).join('')).toBe('hello\r\nabcdefghijklmnopqrstuvwxyz')
  })

  it('is not over before its last chunk', () => {
    const body = bodyAfter(CHUNKED)
    body.take(BODY.slice(0, BODY.lastIndexOf('0')))
    expect(body.isOver).toBe(false)
  })

  it('counts the bytes where there are no chunks', () => {
    const body = bodyAfter('HTTP/1.1 200 OK\r\nContent-Length: 5')
    expect(body.take('hel') + body.take('lo you')).toBe('hello')
    expect(body.isOver).toBe(true)
  })

  it('throws where no chunk begins', () => {
    expect(() => bodyAfter(CHUNKED).take('data: x\n')).toThrow('data: x')
  })
})
