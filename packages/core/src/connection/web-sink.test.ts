import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { deferred } from '@sse/tooling/deferred'
import { describe, expect, it } from 'vitest'
import { BodyReader } from '../../test/body-reader.ts'
import { until } from '../../test/until.ts'
import { createHub } from '../hub/hub.ts'
import { Chunk } from './chunk.ts'
import { eventStream } from './event-stream.ts'
import type { ResponseHead } from './sink.ts'
import { responseOf } from './web-response.ts'
import { WebSink } from './web-sink.ts'

const HEAD: ResponseHead = { status: undefined, defaults: { 'Content-Type': 'text/event-stream' }, headers: [] }
const KIB = 1024

describe('WebSink', () => {
  it('answers as soon as it is opened, with the first frame in the body', async () => {
    const { sink, response } = setUp()
    expect(response()).toBeUndefined()
    expect(sink.open(HEAD, ':\n\n')).toBe(true)
    const body = new BodyReader(opened(response()))
    expect(await body.until('\n\n')).toBe(':\n\n')
    sink.write(Chunk.ofText('data: a\n\n', 1))
    sink.end()
    expect(await body.toEnd()).toBe(':\n\ndata: a\n\n')
  })

  it('[S1] gives the same bytes to all clients', async () => {
    const hub = createHub()
    const subscription = hub.subscribe('a')
    const readers: ReadableStreamDefaultReader<Uint8Array>[] = []
    for (let i = 0; i < 3; i++) {
      const { body } = await eventStream(new Request('http://localhost/'), subscription)
      const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
      await reader.read()
      readers.push(reader)
    }
    await hub.publish('a', { data: 'shared' })
    const [mine, ...others] = await Promise.all(readers.map((reader) => reader.read()))
    expect(String(Buffer.from(mine?.value ?? []))).toContain('data: shared\n')
    for (const other of others) expect(other.value).toBe(mine?.value)
    for (const reader of readers) await reader.cancel()
    expect(hub.size).toBe(0)
  })

  it('[S2] is full with 16 KiB that nobody has read, and says when they were', async () => {
    const { sink, response, drained } = setUp()
    sink.open(HEAD, ':\n\n')
    const chunk = Chunk.ofText('x'.repeat(KIB), 1)
    let written = 1
    while (sink.write(chunk)) written++
    expect(written).toBe(16)
    expect(sink.bufferedBytes).toBe(3 + 16 * KIB)
    // More is taken all the same: a stream ends with everything that was sent.
    expect(sink.write(chunk)).toBe(false)
    await nextTurn()
    expect(drained.count).toBe(0)
    const reader = opened(response()).body?.getReader()
    await reader?.read()
    await reader?.read()
    await nextTurn()
    expect(drained.count).toBe(0)
    await reader?.read()
    await until(() => drained.count === 1)
    expect(sink.write(Chunk.ofText('y', 1))).toBe(true)
    for (let i = 0; i < 13; i++) await reader?.read()
    await nextTurn()
    expect(drained.count).toBe(1)
  })

  it('[S9] has progressed by what was read, not by what was written', async () => {
    const { sink, response } = setUp()
    sink.open(HEAD, ':\n\n')
    sink.write(Chunk.ofText('x'.repeat(KIB), 1))
    const before = sink.progress
    sink.write(Chunk.ofText('x'.repeat(KIB), 1))
    expect(sink.progress).toBe(before)
    await opened(response()).body?.getReader().read()
    expect(sink.progress).toBe(before + 3)
    expect(sink.bufferedBytes).toBe(2 * KIB)
  })

  it('tells that a client has cancelled, and lets go of its signal', async () => {
    const { sink, response, request, gone } = setUp()
    sink.open(HEAD, ':\n\n')
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(1)
    await opened(response()).body?.cancel()
    await gone
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(0)
    expect(sink.bufferedBytes).toBe(0)
    sink.end()
    sink.destroy()
  })

  it('tells that a request was aborted, and cuts the body, so that nobody waits for it for ever', async () => {
    const { sink, response, request, abort, gone } = setUp()
    sink.open(HEAD, ':\n\n')
    const body = new BodyReader(opened(response()))
    await body.until('\n\n')
    const rest = body.toEnd()
    abort()
    await gone
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' })
    expect(sink.isGone).toBe(true)
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(0)
  })

  it('lets a server cancel the body of an aborted request, as one that has no error', async () => {
    const { sink, response, abort, gone } = setUp()
    sink.open(HEAD, ':\n\n')
    const reader = opened(response()).body?.getReader()
    abort()
    await gone
    await reader?.cancel()
    await expect(reader?.closed).resolves.toBeUndefined()
  })

  it('hears of an aborted request that nobody else holds any more', async () => {
    const hub = createHub()
    const client = new AbortController()
    await eventStream(new Request('http://localhost/', { signal: client.signal }), hub.subscribe('a'))
    expect(hub.size).toBe(1)
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    for (let i = 0; i < 3; i++) {
      collectGarbage()
      await nextTurn()
    }
    client.abort()
    expect(hub.size).toBe(0)
  })

  it('[H5] ends after what was written, and is cut without it', async () => {
    const [ended, cut] = [setUp(), setUp()]
    for (const { sink } of [ended, cut]) {
      sink.open(HEAD, ':\n\n')
      sink.write(Chunk.ofText('x'.repeat(64 * KIB), 1))
    }
    ended.sink.end()
    cut.sink.destroy()
    expect(await opened(ended.response()).text()).toHaveLength(3 + 64 * KIB)
    await expect(opened(cut.response()).text()).rejects.toMatchObject({ name: 'AbortError' })
    for (const { request } of [ended, cut]) expect(getEventListeners(request.signal, 'abort')).toHaveLength(0)
  })

  it('answers without a stream, and lets go of the signal', async () => {
    const { sink, response, request } = setUp()
    sink.respond({ ...HEAD, status: 503 }, 'full')
    expect(opened(response()).status).toBe(503)
    expect(await opened(response()).text()).toBe('full')
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(0)
  })

  it('answers with nothing at all', async () => {
    const { sink, response } = setUp()
    sink.respond({ ...HEAD, status: 204, defaults: {} })
    expect(opened(response()).status).toBe(204)
    expect(opened(response()).body).toBeNull()
  })

  it('[H2] keeps several values of one header, and what wins', () => {
    const { sink, response } = setUp()
    sink.open(
      {
        ...HEAD,
        headers: [
          ['content-type', 'text/x'],
          ['Set-Cookie', ['a=1', 'b=2']],
        ],
      },
      ':\n\n',
    )
    const { headers } = opened(response())
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('content-type')).toBe('text/x')
  })

  it('[H15] knows a HEAD request', () => {
    expect(setUp('HEAD').sink.isHead).toBe(true)
    expect(setUp('POST').sink.isHead).toBe(false)
  })
})

interface Stage {
  readonly sink: WebSink
  readonly request: Request
  readonly response: () => Response | undefined
  readonly drained: { count: number }
  readonly gone: Promise<void>
  readonly abort: () => void
}

function setUp(method: string = 'GET'): Stage {
  const client = new AbortController()
  const request = new Request('http://localhost/', { method, signal: client.signal })
  let response: Response | undefined
  const sink = new WebSink(request, (head, body) => {
    response = responseOf(head, body)
  })
  const { promise: gone, resolve } = deferred()
  const drained = { count: 0 }
  sink.own({ drained: () => drained.count++, gone: resolve })
  return { sink, request, response: () => response, drained, gone, abort: () => client.abort() }
}

function opened(response: Response | undefined): Response {
  if (response === undefined) throw new Error('no response')
  return response
}
