import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { ReceivedEvent } from './event-parser.ts'
import { type EventReading, readEvents } from './read-events.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

describe('readEvents', () => {
  it('reads to the end of the stream, and tells its last id and retry', async () => {
    const url = await serve((_, res) => {
      open(res).end('retry: 7\n\nid: 1\ndata: a\n\nevent: e\ndata: b\nretry: 8\n\nid: 2\n\ndata: cut')
    })
    const reading = readEvents(url)
    expect(await reading).toEqual([
      { event: 'message', data: 'a', id: '1' },
      { event: 'e', data: 'b', id: '1', retry: 8 },
    ])
    expect(reading.lastEventId).toBe('2')
    expect(reading.retry).toBe(8)
    expect(await reading).toHaveLength(2)
    expect(await reading.next()).toEqual({ done: true, value: undefined })
  })

  it('takes so many events, and goes away', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res).write('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n')
    })
    const reading = readEvents(url, { take: 2 })
    expect(dataOf(await reading)).toEqual(['a', 'b'])
    expect(reading.lastEventId).toBe('2')
    await gone.promise
  })

  it('takes none, and goes away', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res)
    })
    const reading = readEvents(url, { take: 0 })
    await reading.response
    expect(await reading).toEqual([])
    await gone.promise
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses to take %s', (take) => {
    expect(() => readEvents('http://127.0.0.1:1', { take })).toThrow(TypeError)
  })

  it('reads until the event that was waited for, which is included, and goes away', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res).write('data: a\n\ndata: b\n\ndata: c\n\n')
    })
    expect(dataOf(await readEvents(url, { until: ({ data }) => data === 'b' }))).toEqual(['a', 'b'])
    await gone.promise
  })

  it('rejects with what `until` throws, and goes away', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res).write('data: a\n\n')
    })
    const error = new Error('of the test')
    const until = (): never => {
      throw error
    }
    await expect(readEvents(url, { until })).rejects.toBe(error)
    await gone.promise
  })

  it('reads step by step, and goes away when the loop is left', async () => {
    const gone = defer<void>()
    const responses = defer<ServerResponse>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      responses.resolve(open(res))
    })
    const reading = readEvents(url)
    const res = await responses.promise
    const seen: string[] = []
    res.write('data: 0\n\n')
    for await (const { data } of reading) {
      seen.push(data)
      if (data === '2') break
      res.write(`data: ${Number(data) + 1}\n\n`)
    }
    expect(seen).toEqual(['0', '1', '2'])
    await gone.promise
  })

  it('goes away once it has taken enough, before the next event is asked for', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res).write('data: a\n\n')
    })
    const reading = readEvents(url, { take: 1 })
    expect(await reading.next()).toMatchObject({ value: { data: 'a' } })
    await gone.promise
  })

  it('can be iterated and then awaited for the rest', async () => {
    const url = await serve((_, res) => void open(res).end('data: a\n\ndata: b\n\ndata: c\n\n'))
    const reading = readEvents(url, { take: 3 })
    expect(await reading.next()).toMatchObject({ done: false, value: { data: 'a' } })
    expect(dataOf(await reading)).toEqual(['b', 'c'])
  })

  it('[H13] goes away while it waits for an event', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res)
    })
    const reading = readEvents(url)
    await reading.response
    const waiting = reading.next()
    expect(await reading.return()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    await gone.promise
  })

  it('goes away when it is given up before anything is read', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res)
    })
    const reading = readEvents(url)
    await reading.response
    await reading.return()
    await gone.promise
  })

  it('gives what has arrived when its signal is aborted', async () => {
    const gone = defer<void>()
    const url = await serve((_, res) => {
      res.on('close', gone.resolve)
      open(res).write('data: a\n\ndata: b\n\n')
    })
    const controller = new AbortController()
    const onSecond = ({ data }: ReceivedEvent): boolean => {
      if (data === 'b') setImmediate(() => controller.abort())
      return false
    }
    expect(dataOf(await readEvents(url, { signal: controller.signal, until: onSecond }))).toEqual(['a', 'b'])
    await gone.promise
  })

  it('gives nothing when its signal is aborted before the headers', async () => {
    const requested = defer<void>()
    const url = await serve(() => requested.resolve())
    const controller = new AbortController()
    const reading = readEvents(url, { signal: controller.signal })
    await requested.promise
    controller.abort()
    expect(await reading).toEqual([])
    await expect(reading.response).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('sends nothing when its signal has been aborted before', async () => {
    let requests = 0
    const url = await serve((_, res) => {
      requests++
      open(res).end()
    })
    expect(await readEvents(url, { signal: AbortSignal.abort() })).toEqual([])
    expect(await readEvents(url)).toEqual([])
    expect(requests).toBe(1)
  })

  it('[H12] leaves no listener on the signal, however it ends', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/not-found') res.writeHead(404).end()
      else open(res).end('data: a\n\n')
    })
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    let added = 0
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added++
      listeners.add(args[1])
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners.delete(args[1])
      remove(...args)
    }
    await readEvents(url, { signal })
    await readEvents(url, { signal, take: 1 })
    for await (const _ of readEvents(url, { signal })) break
    await readEvents(new Response(null, { headers: TYPE }), { signal })
    await expect(readEvents(new URL('/not-found', url), { signal })).rejects.toThrow()
    const unread = readEvents(new URL('/not-found', url), { signal })
    await expect(unread.response).rejects.toThrow()
    expect(added).toBe(6)
    expect(listeners.size).toBe(0)
  })

  it('sends what a browser sends, the id in bytes of UTF-8', async () => {
    const requests: IncomingMessage[] = []
    const url = await serve((req, res) => {
      requests.push(req)
      open(res).end()
    })
    await readEvents(url, { lastEventId: 'é€' })
    await readEvents(url, { lastEventId: '' })
    await readEvents(url, { headers: { Accept: 'text/plain', Authorization: 'a' }, lastEventId: '1' })
    await readEvents(url, { headers: [['Last-Event-ID', '2']], lastEventId: '1' })
    expect(requests[0]?.headers).toMatchObject({ accept: 'text/event-stream', 'last-event-id': 'Ã©â\x82¬' })
    expect(requests[1]?.headers).not.toHaveProperty('last-event-id')
    expect(requests[2]?.headers).toMatchObject({ accept: 'text/plain', authorization: 'a', 'last-event-id': '1' })
    expect(requests[3]?.headers).toMatchObject({ 'last-event-id': '2' })
  })

  it('goes on from an id, as a browser that has reconnected', async () => {
    const reading = readEvents(streamOf('data: a\n\nid: 2\ndata: b\n\n'), { lastEventId: '1' })
    expect(reading.lastEventId).toBe('1')
    expect((await reading).map(({ id }) => id)).toEqual(['1', '2'])
  })

  it('tells comments in their place', async () => {
    const seen: string[] = []
    const reading = readEvents(streamOf(': a\n\ndata: 1\n\n:b\n: c\n\ndata: 2\n\n'), {
      onComment: (text) => seen.push(`: ${text}`),
    })
    for await (const { data } of reading) seen.push(data)
    expect(seen).toEqual([': a', '1', ': b', ': c', '2'])
  })

  it('reads a response, whatever its chunks, and cancels it when it has enough', async () => {
    const cancelled = defer<void>()
    const bytes = new TextEncoder().encode('\ufeffdata: é€😀\n\n')
    const body = new ReadableStream({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      },
      cancel: () => cancelled.resolve(),
    })
    expect(dataOf(await readEvents(new Response(body, { headers: TYPE }), { take: 1 }))).toEqual(['é€😀'])
    await cancelled.promise
  })

  it('cancels a response that nobody has begun to read', async () => {
    for (const end of [(reading: EventReading) => reading.return(), (_: EventReading, abort: () => void) => abort()]) {
      const cancelled = defer<void>()
      const controller = new AbortController()
      const response = new Response(new ReadableStream({ cancel: () => cancelled.resolve() }), { headers: TYPE })
      await end(readEvents(response, { signal: controller.signal }), () => controller.abort())
      await cancelled.promise
    }
  })

  it('reads an empty stream', async () => {
    expect(await readEvents(new Response(null, { headers: TYPE }))).toEqual([])
    expect(await readEvents(streamOf(''))).toEqual([])
  })

  it('rejects another status, naming it and the beginning of the body', async () => {
    const url = await serve(
      (_, res) => void res.writeHead(503, { 'Content-Type': 'text/plain' }).end(`Overloaded ${'x'.repeat(1e5)}`),
    )
    const reading = readEvents(url)
    await expect(reading).rejects.toThrow(/got 503 \(text\/plain\): Overloaded x{50,250}$/)
    await expect(reading.response).rejects.toThrow(/503/)
    await expect(readEvents(new Response('data: a\n\n', { status: 500, headers: TYPE }))).rejects.toThrow(/got 500/)
    await expect(readEvents(new Response(null, { status: 204 }))).rejects.toThrow(
      /got 204 \(no content type\): no body/,
    )
  })

  it('rejects another type', async () => {
    await expect(readEvents(Response.json({ error: 'no' }))).rejects.toThrow(
      /got 200 \(application\/json\): {"error":"no"}/,
    )
    await expect(readEvents(new Response('', { headers: { 'Content-Type': 'text/event-streams' } }))).rejects.toThrow()
  })

  it('[H9] rejects a charset that Chromium does not take', async () => {
    const typed = (type: string): Response => new Response('data: a\n\n', { headers: { 'Content-Type': type } })
    await expect(readEvents(typed('text/event-stream; charset=UTF8'))).rejects.toThrow(/charset=UTF8/)
    for (const type of [
      'text/event-stream',
      'Text/Event-Stream;charset=UTF-8',
      'text/event-stream; charset=utf-8; a=b',
    ]) {
      expect(await readEvents(typed(type))).toHaveLength(1)
    }
  })

  it('does not wait for the end of a body that is no event stream', async () => {
    const url = await serve((_, res) => void res.writeHead(200, { 'Content-Type': 'text/plain' }).write('endless'))
    await expect(readEvents(url)).rejects.toThrow(/got 200 \(text\/plain\): endless/)
  })

  it('rejects when nobody listens there', async () => {
    const reading = readEvents('http://127.0.0.1:1/')
    await expect(reading).rejects.toThrow(TypeError)
    await expect(reading.response).rejects.toThrow(TypeError)
  })

  it('rejects when the stream is cut, after the events before', async () => {
    const url = await serve((_, res) => {
      open(res).write('data: a\n\n', () => res.socket?.resetAndDestroy())
    })
    const seen: string[] = []
    const read = async (): Promise<void> => {
      for await (const { data } of readEvents(url)) seen.push(data)
    }
    await expect(read()).rejects.toThrow()
    expect(seen).toEqual(['a'])
  })

  it('is a promise of events and an iterable of events', () => {
    expectTypeOf<Awaited<EventReading>>().toEqualTypeOf<ReceivedEvent[]>()
    expectTypeOf<EventReading>().toExtend<AsyncIterable<ReceivedEvent>>()
  })
})

const TYPE = { 'Content-Type': 'text/event-stream' }

function open(res: ServerResponse): ServerResponse {
  res.writeHead(200, TYPE).flushHeaders()
  return res
}

function streamOf(text: string): Response {
  return new Response(text, { headers: TYPE })
}

function dataOf(events: readonly ReceivedEvent[]): string[] {
  return events.map(({ data }) => data)
}

async function serve(handle: (req: IncomingMessage, res: ServerResponse) => void): Promise<URL> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return new URL(`http://127.0.0.1:${address.port}/`)
}

function defer<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
