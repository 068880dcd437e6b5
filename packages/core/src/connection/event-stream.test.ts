import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { BodyReader } from '../../test/body-reader.ts'
import { type StreamRequest, TRANSPORTS } from '../../test/transports.ts'
import { createHub } from '../hub/hub.ts'
import { encodeEvent } from '../wire/encode.ts'
import { acceptsStream, eventStream } from './event-stream.ts'
import type { StreamOptions } from './options.ts'
import type { Source } from './source.ts'

describe.each(TRANSPORTS)('eventStream, on $name', ({ serve }) => {
  describe('headers', () => {
    it('[H9] [P1] [P2] [P3] are those of a stream', async () => {
      const { status, headers } = await serve(({ close }) => close()).response
      expect(status).toBe(200)
      expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      expect(headers.get('cache-control')).toBe('no-cache, no-transform')
      expect(headers.get('x-accel-buffering')).toBe('no')
      expect(headers.get('content-length')).toBeNull()
    })

    it('of the application win, whatever their spelling', async () => {
      const options: StreamOptions = { headers: { 'cache-control': 'no-store', 'X-Mine': 'yes' } }
      const { headers } = await serve(({ close }) => close(), { options }).response
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-mine')).toBe('yes')
      expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    })

    it('[H2] may come several times', async () => {
      const values: StreamOptions['headers'][] = [
        { 'Set-Cookie': ['a=1', 'b=2'] },
        [
          ['Set-Cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        new Headers([
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ]),
      ]
      for (const headers of values) {
        const response = await serve(({ close }) => close(), { options: { ...(headers && { headers }) } }).response
        expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      }
    })

    it('[H2] that belong to the connection are refused before anything is written', async () => {
      const started = vi.fn()
      const exchange = serve(started, { options: { headers: { 'Transfer-Encoding': 'chunked' } } })
      expect(await exchange.settled).toMatchObject({ error: { code: 'SSE_INVALID_FIELD' } })
      expect((await exchange.response).status).toBe(500)
      expect(started).not.toHaveBeenCalled()
    })
  })

  it('has the status that the application wants', async () => {
    expect((await serve(({ close }) => close(), { options: { status: 202 } }).response).status).toBe(202)
  })

  it('rejects with what is wrong with an option, and starts nothing', async () => {
    const started = vi.fn()
    const { error } = await serve(started, { options: { commitAfter: -1 } }).settled
    expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`commitAfter`') })
    expect(started).not.toHaveBeenCalled()
  })

  describe('`Last-Event-ID`', () => {
    it.each<[string, StreamRequest, string | undefined]>([
      ['the header', { headers: { 'Last-Event-ID': 'abc.7' } }, 'abc.7'],
      ['the query', { path: '?lastEventId=abc.7' }, 'abc.7'],
      ['the query among others', { path: 'a/b?x=lastEventId&lastEventId=a%20b%2Bc&y' }, 'a b+c'],
      ['the header before the query', { headers: { 'Last-Event-ID': 'h' }, path: '?lastEventId=q' }, 'h'],
      ['an empty header, which means none', { headers: { 'Last-Event-ID': '' }, path: '?lastEventId=q' }, undefined],
      ['nothing', {}, undefined],
      ['UTF-8', { headers: { 'Last-Event-ID': latin1Of(Buffer.from('ü€😀')) } }, 'ü€😀'],
      ['latin1', { headers: { 'Last-Event-ID': '\xfc' } }, 'ü'],
      ['256 bytes', { headers: { 'Last-Event-ID': 'x'.repeat(256) } }, 'x'.repeat(256)],
      ['257 bytes', { headers: { 'Last-Event-ID': 'x'.repeat(257) } }, undefined],
      ['8 KB', { headers: { 'Last-Event-ID': 'x'.repeat(8_000) } }, undefined],
      ['257 bytes in the query', { path: `?lastEventId=${'x'.repeat(257)}` }, undefined],
      ['a NUL', { path: '?lastEventId=a%00b' }, undefined],
      ['a line break', { path: '?lastEventId=a%0Ab' }, undefined],
      ['half a character', { path: '?lastEventId=%F0%9F' }, '\ufffd'],
    ])('is read from %s', async (_, request, id) => {
      const seen = vi.fn()
      const response = await serve((stream) => {
        seen(stream.lastEventId)
        stream.close()
      }, request).response
      expect(response.status).toBe(200)
      expect(seen.mock.calls).toEqual([[id]])
    })

    it('that cannot be one is a gap on a hub’s stream, and never echoed', async () => {
      const hub = createHub()
      await hub.publish('a', { data: 'x' })
      for (const id of ['x'.repeat(257), 'x'.repeat(8_000), '\xfc', 'other.1', '..', 'a.b.c']) {
        const response = await serve(hub.subscribe('a'), { headers: { 'Last-Event-ID': id } }).response
        const body = new BodyReader(response)
        const text = await body.until('\n\n')
        expect(text).toMatch(/^retry: \d+\n/)
        const gap = await body.until(/event: sse\.gap\n.*\n\n/s)
        expect(gap).toMatch(/"reason":"(unknown-id|epoch)"/)
        if (id.length > 256) expect(gap).toMatch(/"from":null/)
      }
      expect(hub.stats().gaps.trimmed).toBe(0)
    })
  })

  it('works for any method that has a body', async () => {
    const response = await serve(
      async ({ send }) => {
        await send('a')
      },
      { method: 'POST', body: 'question', options: { commitAfter: 1_000_000 } },
    ).response
    expect(await response.text()).toMatch(/data: a\n\n$/)
  })

  it('[E1] [E4] [E5] sends what the encoder gives, byte for byte', async () => {
    const events = [
      { event: 'e', data: 'a\nb\r\nc\rd\u2028e\u0085f\vg', id: ' 1', comment: '\n' },
      { data: 'a\n' },
      { data: ' leading' },
      { data: '' },
      { retry: 0 },
      { id: '' },
    ]
    const source = async function* (): AsyncGenerator<(typeof events)[number]> {
      yield* events
    }
    const response = await serve(source, { options: { retry: 1 } }).response
    expect(await response.text()).toBe(`retry: 1\n:\n\n${events.map((event) => encodeEvent(event)).join('')}`)
  })
})

describe('eventStream', () => {
  it('answers a request that was aborted before, and starts nothing', async () => {
    const hub = createHub()
    const cancel = vi.fn()
    const started = vi.fn()
    const sources: Source[] = [
      started,
      { subscribe: started },
      new ReadableStream({ pull: started, cancel }, { highWaterMark: 0 }),
      hub.subscribe('a'),
      null,
    ]
    for (const source of sources) {
      const request = new Request('http://localhost/', { signal: AbortSignal.abort() })
      const response = await eventStream(request, source)
      expect(response.status).toBe(499)
      expect(getEventListeners(request.signal, 'abort')).toEqual([])
    }
    expect(started).not.toHaveBeenCalled()
    expect(cancel).toHaveBeenCalledOnce()
    expect(hub.size).toBe(0)
  })

  it('lets go of the signal of a request whose source has failed', async () => {
    const request = new Request('http://localhost/')
    await expect(eventStream(request, () => Promise.reject(new Error('of the test')))).rejects.toThrow('of the test')
    expect(getEventListeners(request.signal, 'abort')).toEqual([])
  })

  it('lets go of the signal of a request whose options are wrong', async () => {
    const request = new Request('http://localhost/')
    await expect(eventStream(request, null, { status: 1 })).rejects.toThrow('`status`')
    expect(getEventListeners(request.signal, 'abort')).toEqual([])
  })

  it('[H14] asks for no signal made of others', async () => {
    const any = vi.spyOn(AbortSignal, 'any')
    const hub = createHub()
    const { body } = await eventStream(new Request('http://localhost/'), hub.subscribe('a'))
    await body?.cancel()
    expect(any).not.toHaveBeenCalled()
    any.mockRestore()
  })

  it('ends an idle source when the body is cancelled', async () => {
    const hub = createHub()
    const finished = vi.fn()
    const { body } = await eventStream(
      new Request('http://localhost/'),
      ({ signal }) => {
        signal.addEventListener('abort', finished)
      },
      { hub },
    )
    expect(hub.size).toBe(1)
    await body?.cancel()
    await nextTurn()
    expect(finished).toHaveBeenCalledOnce()
    expect(hub.stats().closed.client).toBe(1)
    expect(hub.size).toBe(0)
  })
})

describe('acceptsStream', () => {
  it('knows an `EventSource`', () => {
    expect(acceptsStream('GET', 'text/event-stream')).toBe(true)
    expect(acceptsStream('GET', 'text/html, text/event-stream;q=0.9')).toBe(true)
    expect(acceptsStream('POST', 'text/event-stream')).toBe(false)
    expect(acceptsStream('GET', '*/*')).toBe(false)
    expect(acceptsStream('GET', null)).toBe(false)
    expect(acceptsStream(undefined, undefined)).toBe(false)
  })
})

/** Bytes as header values are given: one character for each. */
function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
