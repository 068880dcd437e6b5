import { createServer } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastEventIdFrom, MAX_LAST_EVENT_ID } from './last-event-id.ts'

const none = { id: undefined, refused: false }
const refused = { id: undefined, refused: true }

describe('lastEventIdFrom', () => {
  it('takes the header before the query, and the query without a header', () => {
    expect(lastEventIdFrom({ header: 'h', query: 'q' })).toEqual({ id: 'h', refused: false })
    expect(lastEventIdFrom({ header: undefined, query: 'q' })).toEqual({ id: 'q', refused: false })
    expect(lastEventIdFrom({ header: null, query: 'q' })).toEqual({ id: 'q', refused: false })
    expect(lastEventIdFrom({ header: 'h', query: null })).toEqual({ id: 'h', refused: false })
  })

  it('takes nothing for no id', () => {
    expect(lastEventIdFrom({ header: undefined, query: undefined })).toEqual(none)
    expect(lastEventIdFrom({ header: null, query: '' })).toEqual(none)
    expect(lastEventIdFrom({ header: '', query: 'q' })).toEqual(none)
  })

  it('does not let the query in for a header that is refused', () => {
    expect(lastEventIdFrom({ header: 'a'.repeat(300), query: 'q' })).toEqual(refused)
  })

  it('reads the bytes of a header as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 }), (id) => {
        const header = Buffer.from(id).toString('latin1')
        expect(lastEventIdFrom({ header, query: undefined })).toEqual({ id, refused: false })
      }),
    )
  })

  it('reads them as latin1 where they are no UTF-8', () => {
    expect(lastEventIdFrom({ header: 'caf\xe9', query: undefined })).toEqual({ id: 'café', refused: false })
    expect(lastEventIdFrom({ header: '\xc3\xa9\xff', query: undefined })).toEqual({ id: 'Ã©ÿ', refused: false })
  })

  it('keeps a byte order mark, which is part of the id', () => {
    expect(lastEventIdFrom({ header: '\xef\xbb\xbfa', query: undefined })).toEqual({ id: '\ufeffa', refused: false })
  })

  it('takes a header that the runtime has decoded as it is', () => {
    for (const id of ['é€', 'Ł'])
      expect(lastEventIdFrom({ header: id, query: undefined })).toEqual({ id, refused: false })
  })

  it('does not decode a query twice', () => {
    expect(lastEventIdFrom({ header: undefined, query: 'Ã©' })).toEqual({ id: 'Ã©', refused: false })
  })

  it.each(['\0', 'a\nb', '\r', 'a\tb', '\x1b', '\x7f', '\x85', '\xc2\x85'])(
    'refuses the control character in %j',
    (header) => {
      expect(lastEventIdFrom({ header, query: undefined })).toEqual(refused)
    },
  )

  it('refuses half a surrogate pair', () => {
    expect(lastEventIdFrom({ header: undefined, query: 'a\ud800' })).toEqual(refused)
  })

  it('takes 256 bytes and refuses 257, however few characters they are', () => {
    expect(MAX_LAST_EVENT_ID).toBe(256)
    for (const [text, more] of [
      ['a'.repeat(256), 'a'],
      ['é'.repeat(128), 'a'],
      ['€'.repeat(85), 'é'],
      ['😀'.repeat(64), 'a'],
    ] as const) {
      expect(lastEventIdFrom({ header: undefined, query: text })).toEqual({ id: text, refused: false })
      expect(lastEventIdFrom({ header: undefined, query: text + more })).toEqual(refused)
      const bytes = Buffer.from(text).toString('latin1')
      expect(lastEventIdFrom({ header: bytes, query: undefined })).toEqual({ id: text, refused: false })
      expect(lastEventIdFrom({ header: `${bytes}\xc3\xa9`, query: undefined })).toEqual(refused)
    }
  })

  it('refuses latin1 that would be over 256 bytes as an id', () => {
    expect(lastEventIdFrom({ header: '\xe9'.repeat(129), query: undefined })).toEqual(refused)
  })

  it('costs no more for a long value', () => {
    const long = '\xe9'.repeat(2 ** 24)
    const start = performance.now()
    for (let n = 0; n < 2_000; n++) {
      expect(lastEventIdFrom({ header: long, query: undefined }).refused).toBe(true)
      expect(lastEventIdFrom({ header: undefined, query: long }).refused).toBe(true)
    }
    // To look at all of it once takes more than 10 ms.
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('never throws, and refuses or gives a text that can be sent again', () => {
    const anything = fc.option(
      fc.string({ unit: fc.nat({ max: 0x2ff }).map((code) => String.fromCharCode(code)), maxLength: 300 }),
    )
    fc.assert(
      fc.property(anything, anything, (header, query) => {
        const { id } = lastEventIdFrom({ header, query })
        if (id !== undefined) expect(id).toMatch(/^\P{Cc}+$/u)
      }),
    )
  })

  it('gets what a browser sends through node:http', async () => {
    const server = createServer((req, res) => {
      const header = req.headers['last-event-id']
      res.end(JSON.stringify(lastEventIdFrom({ header: typeof header === 'string' ? header : null, query: null })))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    socket.write(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nLast-Event-ID: é€😀\r\n\r\n'))
    let answer = ''
    for await (const chunk of socket) answer += chunk
    server.close()
    expect(answer).toContain('{"id":"é€😀","refused":false}')
  })
})
