import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { deferred } from '@sse/tooling/deferred'
import compression from 'compression'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp, serveHttps, type TestServer } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { until, untilSettled } from '../../test/until.ts'
import { Chunk } from '../connection/chunk.ts'
import type { ResponseHead, SinkOwner } from '../connection/sink.ts'
import { createHub } from '../hub/hub.ts'
import { eventStream } from './event-stream.ts'
import { NodeSink } from './node-sink.ts'

type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

const HEAD: ResponseHead = { status: undefined, defaults: { 'Content-Type': 'text/event-stream' }, headers: [] }
const FIRST = ':\n\n'
const MIB = 1024 * 1024

/** Under what HTTP/1.1 may lie. */
type Transport = 'TCP' | 'TLS'

let transport: Transport = 'TCP'

describe.each<Transport>(['TCP', 'TLS'])('NodeSink, over %s', (name) => {
  beforeEach(() => {
    transport = name
  })

  describe('past the response', () => {
    it('[S1] writes the same prebuilt buffer to the sockets of all clients', async () => {
      const hub = createHub()
      const subscription = hub.subscribe('a')
      const server = await serve((req, res) => void eventStream(req, res, subscription))
      const clients = [0, 1, 2].map(() => connect(server.port).request('GET /'))
      await Promise.all(clients.map((client) => client.untilBody('\n\n')))
      const id = await hub.publish('a', { event: 'x', data: 'shared' })
      const frame = `event: x\ndata: shared\nid: ${id}\n\n`
      for (const client of clients) await client.untilBody(frame)
      const [mine, ...others] = server.writes.map((writes) => writes.filter((write) => String(write).includes(frame)))
      expect(mine).toEqual([Buffer.from(`${frame.length.toString(16)}\r\n${frame}\r\n`)])
      for (const other of others) expect(other[0]).toBe(mine?.[0])
    })

    it('[S1] writes where the response is corked and nothing is in front', async () => {
      const { server, client, sink, response } = await open()
      const chunk = Chunk.ofText('data: a\n\n', 1)
      response.cork()
      sink.write(chunk)
      response.write('data: b\n\n')
      response.uncork()
      await client.untilBody('data: b')
      expect(client.body).toBe(':\n\ndata: a\n\ndata: b\n\n')
      expect(server.writes[0]).toContain(chunk.coded)
    })

    it('[S1] writes behind what the socket has not sent yet', async () => {
      const { server, client, sink, response } = await open({ reads: false })
      const big = 'x'.repeat(8 * MIB)
      response.write(big)
      expect(server.sockets[0]?.writableLength).toBeGreaterThan(0)
      const chunks = ['a', 'b', 'c'].map((data) => Chunk.ofText(`data: ${data}\n\n`, 1))
      for (const chunk of chunks) sink.write(chunk)
      sink.end()
      await client.resume().untilComplete()
      expect(client.body).toBe(`:\n\n${big}data: a\n\ndata: b\n\ndata: c\n\n`)
    })
  })

  describe('through the response', () => {
    it('[S1] writes when the head has not been sent', async () => {
      const { server, client, sink } = await accept()
      const [early, late] = [Chunk.ofText('data: early\n\n', 1), Chunk.ofText('data: late\n\n', 1)]
      sink.write(early)
      sink.write(late)
      sink.end()
      await client.untilComplete()
      expect(client.body).toBe('data: early\n\ndata: late\n\n')
      expect(server.writes[0]).not.toContain(early.coded)
      expect(server.writes[0]).toContain(late.coded)
    })

    it('[S1] writes when the head has been made, but not sent', async () => {
      const { client, sink, response } = await accept()
      response.writeHead(200)
      sink.write(Chunk.ofText('data: a\n\n', 1))
      sink.write(Chunk.ofText('data: b\n\n', 1))
      sink.end()
      await client.untilComplete()
      expect(client.body).toBe('data: a\n\ndata: b\n\n')
    })

    it('[S1] writes while bytes of the response are queued in front', async () => {
      const { server, client, sink, response } = await open()
      const [queued, direct] = [Chunk.ofText('data: b\n\n', 1), Chunk.ofText('data: c\n\n', 1)]
      response.cork()
      response.write('data: a\n\n')
      sink.write(queued)
      response.uncork()
      sink.write(direct)
      await client.untilBody('data: c')
      expect(client.body).toBe(':\n\ndata: a\n\ndata: b\n\ndata: c\n\n')
      expect(server.writes[0]).not.toContain(queued.coded)
      expect(server.writes[0]).toContain(direct.coded)
    })

    it('[S1] writes nothing before the response it is pipelined behind has ended', async () => {
      const sinks: NodeSink[] = []
      const front = deferred<ServerResponse>()
      const server = await serve((req, res) => {
        if (req.url === '/front') front.resolve(res)
        else sinks.push(sinkOf(req, res))
      })
      const client = connect(server.port).request('GET /front', 'GET /stream')
      const response = await front.promise
      response.write('first')
      const [queued, direct] = [Chunk.ofText('data: queued\n\n', 1), Chunk.ofText('data: direct\n\n', 1)]
      await until(() => sinks.length === 1)
      sinks[0]?.open(HEAD, FIRST)
      sinks[0]?.write(queued)
      await client.untilBody('first')
      response.end('last')
      sinks[0]?.write(direct)
      sinks[0]?.end()
      await client.untilComplete(2)
      expect(client.responses.map(({ body }) => String(body))).toEqual([
        'firstlast',
        ':\n\ndata: queued\n\ndata: direct\n\n',
      ])
      expect(server.writes[0]).not.toContain(queued.coded)
    })

    it('[S1] goes direct once the response in front has ended', async () => {
      const hub = createHub()
      const front = deferred<ServerResponse>()
      const server = await serve((req, res) => {
        if (req.url === '/front') front.resolve(res)
        else void eventStream(req, res, hub.subscribe('**'))
      })
      const client = connect(server.port).request('GET /front', 'GET /stream')
      const response = await front.promise
      await until(() => hub.size === 1)
      await hub.publish('a', { data: 'queued' })
      await until(() => hub.stats().delivered === 1)
      response.end('front')
      await client.untilBody('data: queued\n')
      await hub.publish('a', { data: 'direct' })
      await client.untilBody('data: direct\n')
      expect(client.responses.map(({ isComplete }) => isComplete)).toEqual([true, false])
      expect(directWritesOf(server).filter((write) => write.includes('data: '))).toEqual([
        expect.stringContaining('data: direct'),
      ])
    })

    it('[S1] writes what a middleware wants to see', async () => {
      const seen: string[] = []
      const { server, client, sink } = await open({ wrap: (_, res) => spyOnWrite(res, seen) })
      sink.write(Chunk.ofText('data: a\n\n', 1))
      sink.end()
      await client.untilComplete()
      expect(client.body).toBe(':\n\ndata: a\n\n')
      expect(seen).toEqual([':\n\n', 'data: a\n\n'])
      expect(directWritesOf(server)).toEqual([])
    })

    it('[S1] writes what a middleware wants to see from now on', async () => {
      const seen: string[] = []
      const { client, sink, response } = await open()
      sink.write(Chunk.ofText('data: a\n\n', 1))
      spyOnWrite(response, seen)
      sink.write(Chunk.ofText('data: b\n\n', 1))
      sink.end()
      await client.untilComplete()
      expect(client.body).toBe(':\n\ndata: a\n\ndata: b\n\n')
      expect(seen).toEqual(['data: b\n\n'])
    })

    it('[S1] writes to a client of HTTP/1.0, which knows no chunks', async () => {
      const { server, client, sink } = await open({ request: 'GET / HTTP/1.0' })
      sink.write(Chunk.ofText('data: a\n\n', 1))
      await client.untilBody('data: a\n\n')
      sink.end()
      await client.untilEnd()
      expect(client.responses[0]?.headers.has('transfer-encoding')).toBe(false)
      expect(client.body).toBe(':\n\ndata: a\n\n')
      expect(directWritesOf(server)).toEqual([])
    })

    it('[S1] writes where the application does without chunks', async () => {
      const { client, sink } = await open({ wrap: (_, res) => res.removeHeader('Transfer-Encoding') })
      sink.write(Chunk.ofText('data: a\n\n', 1))
      sink.end()
      await client.untilEnd()
      expect(client.responses[0]?.headers.has('transfer-encoding')).toBe(false)
      expect(client.body).toBe(':\n\ndata: a\n\n')
    })

    it('[S1] writes nothing behind the terminal chunk', async () => {
      const { server, client, sink, response } = await open()
      const late = Chunk.ofText('data: late\n\n', 1)
      response.end('data: last\n\n')
      sink.write(late)
      sink.end()
      await client.untilComplete()
      sink.write(late)
      client.request('GET /')
      await client.untilComplete(2)
      expect(client.responses.map(({ body }) => String(body))).toEqual([':\n\ndata: last\n\n', 'next'])
      expect(server.writes[0]).not.toContain(late.coded)
    })

    it('writes nothing to a client that has gone, and says nothing of it', async () => {
      const { client, sink, response, gone } = await open()
      client.leave()
      await gone
      expect(sink.isGone).toBe(true)
      sink.write(Chunk.ofText('data: late\n\n', 1))
      sink.end()
      sink.destroy()
      expect(response.errored).toBeFalsy()
    })
  })

  describe('under compression', () => {
    it('[P3] [S11] is passed through, uncompressed, since it must not be transformed', async () => {
      const hub = createHub()
      const server = await serve((req, res) => {
        compress(req, res, () => void eventStream(req, res, hub.subscribe('**')))
      })
      const client = connect(server.port).request('GET / HTTP/1.1\r\nAccept-Encoding: gzip')
      await until(() => hub.size === 1)
      await hub.publish('a', { data: 'x' })
      await client.untilBody('data: x\n')
      expect(client.responses[0]?.headers.has('content-encoding')).toBe(false)
      expect(directWritesOf(server)).toEqual([])
    })

    it('[P3] [S1] delivers each event at once where the application insists', async () => {
      const { client, sink } = await open({ wrap: compress, headers: 'Accept-Encoding: gzip\r\n', head: TRANSFORMED })
      await client.until(({ responses }) => (responses[0]?.body.length ?? 0) > 0)
      const gunzip = createGunzip()
      let read = ''
      gunzip.setEncoding('utf8').on('data', (part: string) => {
        read += part
      })
      let taken = 0
      const pass = (): void => {
        const body = client.responses[0]?.body ?? Buffer.alloc(0)
        gunzip.write(body.subarray(taken))
        taken = body.length
      }
      client.socket.on('data', pass)
      pass()
      for (let i = 0; i < 5; i++) {
        sink.write(Chunk.ofText(`data: ${i}\n\n`, 1))
        await until(() => read.endsWith(`data: ${i}\n\n`))
      }
      sink.end()
      await client.untilComplete()
      expect(client.responses[0]?.headers.get('content-encoding')).toEqual(['gzip'])
      gunzip.end()
      expect(read).toBe(`:\n\n${[0, 1, 2, 3, 4].map((i) => `data: ${i}\n\n`).join('')}`)
    })

    it('[S2] says when it is full and when it has room again, with one listener', async () => {
      const { client, sink, drained } = await open({
        wrap: compress,
        headers: 'Accept-Encoding: gzip\r\n',
        head: TRANSFORMED,
      })
      client.pause()
      const bytes = crypto.getRandomValues(new Uint8Array(MIB / 16))
      const noise = Chunk.ofBytes(bytes.length, 1, (target) => target.set(bytes))
      const rounds = 3
      for (let round = 1; round <= rounds; round++) {
        client.pause()
        await until(() => !sink.write(noise))
        client.resume()
        await until(() => drained.count >= round)
      }
    })
  })

  it('[S10] sends the head and the first frame in one packet', async () => {
    const { server, client } = await open()
    await client.untilBody(':\n\n')
    expect(server.packets[0]).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n.*\r\n3\r\n:\n\n\r\n$/s)])
    expect(client.segments).toHaveLength(1)
  })

  it('[S10] writes each chunk in one packet', async () => {
    const { server, client, sink } = await open()
    sink.write(Chunk.ofText('data: a\n\n', 1))
    await client.untilBody('data: a\n\n')
    expect(server.packets[0]?.slice(1)).toEqual(['9\r\ndata: a\n\n\r\n'])
  })

  describe('backpressure', () => {
    it.each<[string, AcceptOptions]>([
      ['past the response', {}],
      ['through the response', { wrap: (_, res) => spyOnWrite(res, []) }],
    ])('[S2] %s: false is full, and room follows', async (_, options) => {
      const { server, client, sink, response, drained } = await open({ ...options, reads: false })
      const chunk = Chunk.ofText(`data: ${'x'.repeat(MIB / 16)}\n\n`, 1)
      const socket = server.sockets[0] as Socket
      let written = 0
      let hasRoom = true
      while (hasRoom) {
        expect(socket.writableNeedDrain).toBe(false)
        hasRoom = sink.write(chunk)
        written++
        // The kernel takes more, in its own time.
        if (hasRoom) await nextTurn()
      }
      expect(response.writableLength).toBeGreaterThanOrEqual(socket.writableHighWaterMark)
      expect(sink.bufferedBytes).toBe(response.writableLength)
      expect(drained.count).toBe(0)
      for (let round = 1; round <= 12; round++) {
        client.resume()
        await until(() => drained.count === round)
        expect(sink.bufferedBytes).toBe(0)
        client.pause()
        while (sink.write(chunk)) {
          written++
          await nextTurn()
        }
        written++
      }
      expect(drained.count).toBe(12)
      expect(response.listenerCount('drain') + socket.listenerCount('drain')).toBeLessThan(5)
      sink.end()
      await client.resume().untilComplete()
      expect(client.body).toHaveLength(FIRST.length + written * chunk.bytes.length)
    })

    it('[S2] listens once, however much more is written while it is full', async () => {
      const warnings: Error[] = []
      const onWarning = (warning: Error): void => void warnings.push(warning)
      process.on('warning', onWarning)
      onTestFinished(() => void process.off('warning', onWarning))
      const { server, client, sink, drained } = await open({ reads: false })
      sink.write(Chunk.ofText('x'.repeat(8 * MIB), 1))
      for (let i = 0; i < 30; i++) sink.write(Chunk.ofText('data: a\n\n', 1))
      expect(server.sockets[0]?.listenerCount('drain')).toBeLessThan(5)
      sink.end()
      await client.resume().untilComplete()
      expect(drained.count).toBeLessThanOrEqual(1)
      await nextTurn()
      expect(warnings).toEqual([])
    })

    it('[S2] leaves no listener on a socket that is kept alive', async () => {
      const hub = createHub()
      const server = await serve((req, res) => {
        if (req.url === '/plain') res.end('plain')
        else void eventStream(req, res, hub.subscribe('**'))
      })
      const client = connect(server.port).request('GET /plain')
      await client.untilComplete(1)
      const socket = server.sockets[0] as Socket
      await until(() => socket.listenerCount('drain') === 1)
      const before = listenersOf(socket)
      for (let round = 0; round < 3; round++) {
        client.request('GET /stream')
        await until(() => hub.size === 1)
        client.pause()
        await until(async () => {
          await hub.publish('a', { data: 'x'.repeat(MIB / 2) })
          return hub.stats().lagging === 1
        })
        expect(hub.disconnect(() => true)).toBe(1)
        client.resume()
        await client.untilComplete(2 * round + 2)
        client.request('GET /plain')
        await client.untilComplete(2 * round + 3)
        expect(client.body).toBe('plain')
        expect(listenersOf(socket)).toEqual(before)
      }
      expect(server.sockets).toHaveLength(1)
    })
  })

  describe('ending', () => {
    it('[H5] ends a response after everything that was written', async () => {
      const { client, sink } = await open({ reads: false })
      const data = 'x'.repeat(8 * MIB)
      sink.write(Chunk.ofText(data, 1))
      sink.end()
      await client.resume().untilComplete()
      expect(client.body).toBe(`:\n\n${data}`)
      expect(client.hasEnded).toBe(false)
    })

    it('[H5] cuts a response that nobody reads, at once', async () => {
      const { server, client, sink, gone } = await open({ reads: false })
      sink.write(Chunk.ofText('x'.repeat(8 * MIB), 1))
      expect(sink.bufferedBytes).toBeGreaterThan(0)
      sink.destroy()
      await gone
      expect(server.sockets[0]?.destroyed).toBe(true)
      client.resume()
      await client.untilEnd()
      expect(client.responses[0]?.isComplete).toBe(false)
    })

    it('[H5] cuts a response that is pipelined behind another, when its turn comes', async () => {
      const front = deferred<ServerResponse>()
      const sinks: NodeSink[] = []
      const server = await serve((req, res) => {
        if (req.url === '/front') front.resolve(res)
        else sinks.push(sinkOf(req, res))
      })
      const client = connect(server.port).request('GET /front', 'GET /stream')
      const response = await front.promise
      await until(() => sinks.length === 1)
      sinks[0]?.open(HEAD, FIRST)
      sinks[0]?.destroy()
      response.end('front')
      await client.untilEnd()
      expect(String(client.responses[0]?.body)).toBe('front')
      expect(client.responses[1]?.isComplete).not.toBe(true)
    })

    it('learns it also where Node does not say so, since a CONNECT came behind', async () => {
      const reasons: string[] = []
      const hub = createHub({ heartbeat: 40, onClose: (_, reason) => reasons.push(reason) })
      const { port } = await serve((req, res) => void eventStream(req, res, hub.subscribe('a')))
      const client = connect(port).request('GET /', 'GET /')
      await until(() => hub.size === 2)
      client.request('CONNECT /')
      await until(() => hub.size === 0)
      expect(reasons).toEqual(['client', 'client'])
    })

    it('learns that a client has gone while it is pipelined behind another response', async () => {
      const gone = deferred()
      const server = await serve((req, res) => {
        if (req.url !== '/front') sinkOf(req, res, { drained: () => {}, gone: gone.resolve }).open(HEAD, FIRST)
      })
      const client = connect(server.port).request('GET /front', 'GET /stream')
      await until(() => server.writes.length === 1)
      client.leave()
      await gone.promise
    })
  })

  it('[S9] sees a peer take a part of one large write', async () => {
    const { server, client, sink } = await open({ reads: false })
    sink.write(Chunk.ofText('x'.repeat(32 * MIB), 1))
    const socket = server.sockets[0] as Socket
    await untilSettled(() => sink.progress)
    const { progress } = sink
    const handedOver = socket.bytesWritten
    const from = client.length
    client.resume()
    await client.until(({ length }) => length > from + 4 * MIB)
    client.pause()
    await until(() => sink.progress > progress)
    expect(socket.bytesWritten).toBe(handedOver)
    expect(sink.bufferedBytes).toBeGreaterThan(0)
  })

  it('[S9] counts as progress what has left, not what was handed over', async () => {
    const { sink } = await open({ reads: false })
    while (sink.write(Chunk.ofText('x'.repeat(MIB), 1))) await nextTurn()
    await untilSettled(() => sink.progress)
    const { progress } = sink
    for (let i = 0; i < 10; i++) sink.write(Chunk.ofText('x'.repeat(MIB), 1))
    await untilSettled(() => sink.progress)
    expect(sink.progress - progress).toBeLessThan(MIB)
  })
})

/** What `compression` compresses: the application has taken `no-transform` away. */
const TRANSFORMED: ResponseHead = {
  ...HEAD,
  defaults: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
}

/** `compression` is typed for Express; all it asks for is what `node:http` gives. */
const compress = compression() as unknown as Middleware

function serve(listener: RequestListener): Promise<TestServer<NetServer>> {
  return transport === 'TCP' ? serveHttp(listener) : serveHttps(listener)
}

function connect(port: number, { reads = true }: { readonly reads?: boolean } = {}): RawClient {
  return RawClient.connect(port, { reads, tls: transport === 'TLS' })
}

interface Accepted {
  readonly server: TestServer<NetServer>
  readonly client: RawClient
  readonly sink: NodeSink
  readonly response: ServerResponse
  readonly drained: { count: number }
  readonly gone: Promise<void>
}

interface AcceptOptions {
  readonly request?: string
  readonly headers?: string
  readonly reads?: boolean
  readonly wrap?: Middleware
}

/** A sink on the response to a real request. What the client asks for after that is answered plainly. */
async function accept(options: AcceptOptions = {}): Promise<Accepted> {
  const { request = 'GET / HTTP/1.1', headers = '', reads = true, wrap } = options
  const accepted = deferred<Pick<Accepted, 'sink' | 'response' | 'drained' | 'gone'>>()
  let requests = 0
  const server = await serve((req, res) => {
    if (++requests > 1) return void res.end('next')
    const { promise: gone, resolve } = deferred()
    const drained = { count: 0 }
    wrap?.(req, res, () => {})
    const sink = sinkOf(req, res, { drained: () => drained.count++, gone: resolve })
    accepted.resolve({ sink, response: res, drained, gone })
  })
  const client = connect(server.port, { reads })
  client.send(`${request}\r\nHost: localhost\r\n${headers}\r\n`)
  return { server, client, ...(await accepted.promise) }
}

/** The same with the head and a first frame on their way. */
async function open({ head = HEAD, ...options }: AcceptOptions & { head?: ResponseHead } = {}): Promise<Accepted> {
  const accepted = await accept(options)
  accepted.sink.open(head, FIRST)
  return accepted
}

function sinkOf(
  req: IncomingMessage,
  res: ServerResponse,
  owner: SinkOwner = { drained: () => {}, gone: () => {} },
): NodeSink {
  const sink = new NodeSink(req, res)
  sink.own(owner)
  return sink
}

/** Wraps `write` as middlewares do, and notes what passes. */
function spyOnWrite(res: ServerResponse, seen: string[]): void {
  const write = res.write
  res.write = function (this: ServerResponse, ...args: Parameters<ServerResponse['write']>) {
    seen.push(String(Buffer.from(args[0])))
    return write.apply(this, args)
  } as ServerResponse['write']
}

/** Of all that sockets were given to write: what was a whole chunk of HTTP/1.1 in one buffer. */
function directWritesOf({ writes }: TestServer<NetServer>): string[] {
  const texts = writes.flat().map((write) => (typeof write === 'string' ? '' : Buffer.from(write).toString('latin1')))
  return texts.filter((text) => {
    const [, size = '', rest = ''] = /^([\da-f]+)\r\n(.+\r\n)$/s.exec(text) ?? []
    return rest !== '' && Number.parseInt(size, 16) === rest.length - 2
  })
}

function listenersOf(socket: Socket): Record<string, number> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]))
}
