import { once } from 'node:events'
import { type IncomingMessage, OutgoingMessage, type ServerResponse } from 'node:http'
import { type ClientHttp2Stream, connect } from 'node:http2'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { deferred } from '@sse/tooling/deferred'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp, serveHttp2, type TestServer } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { until, untilSettled } from '../../test/until.ts'
import { Chunk } from '../connection/chunk.ts'
import { type ResponseHead, setHeaders } from '../connection/sink.ts'
import { type BodyOwner, WebBody } from '../connection/web-body.ts'
import { type Body, BodySink } from './body-sink.ts'
import { NodeBody } from './node-body.ts'

const HEAD: ResponseHead = { status: undefined, defaults: { 'Content-Type': 'text/event-stream' }, headers: [] }
const FIRST = ':\n\n'
const KIB = 1024
const MIB = 1024 * KIB

/** A kind of body, and how frameworks send one as it is. */
interface Form<Stream> {
  readonly name: string
  bodyFor(owner: BodyOwner): Body<Stream>
  send(stream: Stream, response: ServerResponse): void
  /** The framework lets go of a body that it does not send. */
  drop(stream: Stream): void
  read(stream: Stream): Promise<unknown>
}

const NODE: Form<Readable> = {
  name: 'a Readable',
  bodyFor: (owner) => new NodeBody(owner),
  send: (stream, response) => void stream.pipe(response),
  drop: (stream) => void stream.destroy(),
  read: (stream) => stream.toArray(),
}

const WEB: Form<ReadableStream<Uint8Array>> = {
  name: 'a ReadableStream',
  bodyFor: (owner) => new WebBody(owner),
  send: (stream, response) => void writeOut(stream, response),
  drop: (stream) => void stream.cancel(),
  read: (stream) => new Response(stream).text(),
}

/** What a framework does with a body of the Web, where it minds its client's pace. */
async function writeOut(stream: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = stream.getReader()
  response.once('close', () => void reader.cancel().catch(() => {}))
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return void response.end()
    if (!response.write(value)) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
}

describe('BodySink', () => {
  describe.each([describeForm(NODE), describeForm(WEB)])('with $name', ({ define }) => define())

  it('[S1] goes on through the body where something stands between, such as a compressor', async () => {
    const { server, client, sink, body, response, owner } = await open(NODE)
    const gzip = createGzip()
    response.setHeader('Content-Encoding', 'gzip')
    body().pipe(gzip).pipe(response)
    let text = FIRST
    for (let n = 0; n < 20; n++) {
      const data = `data: ${n} ${'x'.repeat(n * 100)}\n\n`
      text += data
      if (!sink.write(Chunk.ofText(data, 1))) await until(() => owner.drained > 0)
      gzip.flush()
      await nextTurn()
    }
    // A compressor works in a thread of its own: what it makes comes when it comes.
    await until(() => response.write === OutgoingMessage.prototype.write)
    sink.end()
    await client.untilComplete()
    expect(directWritesOf(server)).toEqual([])
    expect(await unzipped(client)).toBe(text)
  })

  it('[H5] is cut through a compressor, too, when its client does not read', async () => {
    const { server, client, sink, body, response, owner } = await open(NODE, { reads: false })
    body()
      .pipe(createGzip({ level: 0 }))
      .pipe(response)
    sink.write(Chunk.ofText('x'.repeat(16 * MIB), 1))
    await until(() => response.writableNeedDrain)
    sink.destroy()
    await until(() => owner.gone > 0)
    expect(server.sockets[0]?.destroyed).toBe(true)
    await client.resume().untilEnd()
  })

  it('[H5] ends, once taken over, also where the framework does not come to read the end', async () => {
    const { client, sink, body, response } = await open(NODE)
    body().once('data', (bytes) => {
      body().pause()
      response.write(bytes)
    })
    await client.untilBody(FIRST)
    sink.write(Chunk.ofText('data: last\n\n', 1))
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: last\n\n`)
  })

  it('[S1] ends after what is added to the end of a Readable on its way, once taken over', async () => {
    const { server, client, sink, body, response } = await open(NODE)
    async function* followed(): AsyncGenerator<Uint8Array | string> {
      yield* body()
      for (let turn = 0; turn < 3; turn++) await nextTurn()
      yield 'data: added\n\n'
    }
    Readable.from(followed()).pipe(response)
    await client.untilBody(FIRST)
    sink.write(Chunk.ofText('data: last\n\n', 1))
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: last\n\ndata: added\n\n`)
    expect(directWritesOf(server)).toHaveLength(1)
  })

  it('[S1] ends after what is added to the end of a ReadableStream on its way, once taken over', async () => {
    const { server, client, sink, body, response } = await open(WEB)
    const adding = new TransformStream<Uint8Array, Uint8Array>({
      async flush(controller) {
        for (let turn = 0; turn < 3; turn++) await nextTurn()
        controller.enqueue(Buffer.from('data: added\n\n'))
      },
    })
    WEB.send(body().pipeThrough(adding), response)
    await client.untilBody(FIRST)
    sink.write(Chunk.ofText('data: last\n\n', 1))
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: last\n\ndata: added\n\n`)
    expect(directWritesOf(server)).toHaveLength(1)
  })

  it('[S1] goes on through the body where it was wrapped by another', async () => {
    const { server, client, sink, body, response } = await open(NODE)
    async function* decorated(): AsyncGenerator<Uint8Array | string> {
      yield 'before\n'
      yield* body()
    }
    Readable.from(decorated()).pipe(response)
    await client.untilBody('before\n:\n\n')
    sink.write(Chunk.ofText('data: a\n\n', 1))
    await client.untilBody('data: a')
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`before\n${FIRST}data: a\n\n`)
    expect(directWritesOf(server)).toEqual([])
  })

  it('[S1] [S11] goes on through the response where its `write` was wrapped', async () => {
    const { client, sink, response, body } = await accept(NODE)
    const seen: string[] = []
    response.write = new Proxy(response.write, {
      apply(write, self, args) {
        seen.push(String(args[0]))
        return Reflect.apply(write, self, args)
      },
    })
    sink.open(HEAD, FIRST)
    NODE.send(body(), response)
    await client.untilBody(FIRST)
    sink.write(Chunk.ofText('data: a\n\n', 1))
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: a\n\n`)
    expect(seen).toEqual([FIRST, 'data: a\n\n'])
  })

  it('[S2] says nothing of room where the response was full when it was taken over', async () => {
    const { client, sink, body, response, owner } = await open(NODE, { reads: false })
    expect(sink.write(Chunk.ofText('x'.repeat(16 * MIB), 1))).toBe(false)
    NODE.send(body(), response)
    await until(() => response.writableNeedDrain)
    await untilSettled(() => sink.progress)
    expect(owner.drained).toBe(0)
    client.resume()
    await until(() => owner.drained === 1)
    expect(sink.bufferedBytes).toBe(0)
    sink.end()
    await client.untilComplete()
    expect(owner.drained).toBe(1)
  })

  it('[H2] is sent over HTTP/2', async () => {
    const { stream, sink, send, gone } = await openHttp2()
    send()
    let received = ''
    stream.setEncoding('utf8').on('data', (text: string) => (received += text))
    for (let n = 0; n < 3; n++) {
      sink.write(Chunk.ofText(`data: ${n}\n\n`, 1))
      await until(() => received.includes(`data: ${n}`))
    }
    sink.end()
    await once(stream, 'end')
    expect(received).toBe(`${FIRST}data: 0\n\ndata: 1\n\ndata: 2\n\n`)
    await gone
  })

  it('[H2] [S2] is full over HTTP/2 when its client does not read, and says when it does', async () => {
    const { stream, sink, send, owner } = await openHttp2()
    send()
    await once(stream, 'response')
    stream.pause()
    const chunk = Chunk.ofText('x'.repeat(16 * KIB), 1)
    let written = 0
    for (; sink.write(chunk); written++) await nextTurn()
    expect(owner.drained).toBe(0)
    let received = 0
    stream.on('data', (bytes: Buffer) => (received += bytes.length))
    stream.resume()
    await until(() => owner.drained === 1)
    sink.end()
    await once(stream, 'end')
    expect(received).toBe(FIRST.length + (written + 1) * 16 * KIB)
  })

  it('[H2] hands over the whole of a large write before the framework ends the response', async () => {
    const { stream, sink, send } = await openHttp2()
    send()
    await once(stream, 'response')
    sink.write(Chunk.ofText('data: small\n\n', 1))
    await nextTurn()
    let received = 0
    stream.on('data', (bytes: Buffer) => (received += bytes.length)).pause()
    sink.write(Chunk.ofText('x'.repeat(MIB), 1))
    expect(sink.bufferedBytes).toBeGreaterThan(MIB - 256 * KIB)
    sink.end()
    for (let i = 0; i < 20; i++) await nextTurn()
    stream.resume()
    await once(stream, 'end')
    expect(received).toBe(FIRST.length + 'data: small\n\n'.length + MIB)
  })

  it('[H2] learns over HTTP/2 that its client has gone', async () => {
    const { stream, send, gone } = await openHttp2()
    send()
    await once(stream, 'data')
    stream.close()
    await gone
  })
})

/** Types differ from form to form, what is true does not. */
function describeForm<Stream>(form: Form<Stream>): { readonly name: string; define(): void } {
  return { name: form.name, define: () => defineFor(form) }
}

function defineFor<Stream>(form: Form<Stream>): void {
  it('gives the head and the body when it is opened, with the first frame in it', async () => {
    const { sink, given, response } = await accept(form)
    expect(given).toEqual([])
    expect(sink.open(HEAD, FIRST)).toBe(true)
    expect(given).toEqual([{ head: HEAD, body: expect.anything() }])
    expect(response.headersSent).toBe(false)
    expect(sink.bufferedBytes).toBe(FIRST.length)
  })

  it('gives a text, or nothing, where there is no stream', async () => {
    const { sink, given } = await accept(form)
    sink.respond(HEAD, 'retry: 1\n\n')
    sink.respond(HEAD)
    expect(given).toEqual([{ head: HEAD, body: 'retry: 1\n\n' }, { head: HEAD }])
  })

  it('[S1] writes past the response as soon as the framework has sent what it was given', async () => {
    const { server, client, sink, body, response } = await open(form)
    const [early, late] = [Chunk.ofText('data: early\n\n', 1), Chunk.ofText('data: late\n\n', 1)]
    sink.write(early)
    form.send(body(), response)
    await client.untilBody('data: early')
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    sink.write(late)
    sink.end()
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: early\n\ndata: late\n\n`)
    expect(server.writes[0]).toContain(late.coded)
    expect(server.writes[0]).not.toContain(early.coded)
  })

  it('keeps the headers that are set until the framework sends', async () => {
    const { client, sink, body, response } = await open(form)
    await nextTurn()
    response.setHeader('X-Late', '1')
    form.send(body(), response)
    await client.untilBody(FIRST)
    expect(client.responses[0]?.headers.get('x-late')).toEqual(['1'])
    sink.end()
    await client.untilComplete()
  })

  it('[S2] says that there is room when it was full while it was taken over, and the response was not', async () => {
    const { client, sink, body, response, owner } = await open(form)
    expect(sink.write(Chunk.ofText('x'.repeat(16 * KIB), 1))).toBe(false)
    await nextTurn()
    expect(owner.drained).toBe(0)
    form.send(body(), response)
    await until(() => owner.drained === 1)
    expect(sink.write(Chunk.ofText('y', 1))).toBe(true)
    sink.end()
    await client.untilComplete()
    expect(owner.drained).toBe(1)
  })

  it('[S2] is full again with the next write, where the response was full, too', async () => {
    const { client, sink, body, response, owner } = await open(form, { reads: false })
    const data = 'x'.repeat(16 * MIB)
    expect(sink.write(Chunk.ofText(data, 1))).toBe(false)
    form.send(body(), response)
    await until(() => response.writableNeedDrain)
    await untilSettled(() => sink.progress)
    expect(sink.write(Chunk.ofText('y', 1))).toBe(false)
    const { drained } = owner
    await untilSettled(() => sink.progress)
    expect(owner.drained).toBe(drained)
    client.resume()
    await until(() => owner.drained > drained)
    expect(sink.bufferedBytes).toBe(0)
    sink.end()
    await client.untilComplete()
    expect(client.length).toBeGreaterThan(16 * MIB)
    expect(client.bytes.subarray(-13).toString()).toBe('\r\n1\r\ny\r\n0\r\n\r\n'.slice(-13))
  })

  it('[S2] is full where the response was when it was taken over, though the body was not', async () => {
    const { client, sink, body, response, owner } = await open(form, { reads: false })
    const big = Buffer.alloc(16 * MIB, 'x')
    response.write(big)
    form.send(body(), response)
    await nextTurn()
    await nextTurn()
    let rounds = 0
    while (sink.write(Chunk.ofText('y'.repeat(KIB), 1))) expect(++rounds).toBeLessThan(100)
    client.resume()
    await until(() => owner.drained === 1)
    sink.end()
    await client.untilComplete()
    expect(client.responses[0]?.body.length).toBe(big.length + FIRST.length + (rounds + 1) * KIB)
  })

  it.each(['before', 'after'])('[H5] ends after everything that was written, %s it was taken over', async (when) => {
    const { client, sink, body, response, owner } = await open(form)
    if (when === 'after') {
      form.send(body(), response)
      await client.untilBody(FIRST)
    }
    sink.write(Chunk.ofText('data: last\n\n', 1))
    sink.end()
    expect(sink.bufferedBytes).toBeGreaterThan(0)
    if (when === 'before') form.send(body(), response)
    await client.untilComplete()
    expect(client.body).toBe(`${FIRST}data: last\n\n`)
    expect(client.hasEnded).toBe(false)
    await until(() => sink.bufferedBytes === 0)
    await until(() => owner.gone > 0)
  })

  it('[H5] is cut at once, when the framework sends it to a client that does not read', async () => {
    const { server, client, sink, body, response, owner } = await open(form, { reads: false })
    form.send(body(), response)
    await untilSettled(() => sink.progress)
    sink.write(Chunk.ofText('x'.repeat(16 * MIB), 1))
    await nextTurn()
    sink.destroy()
    await until(() => owner.gone > 0)
    expect(server.sockets[0]?.destroyed).toBe(true)
    client.resume()
    await client.untilEnd()
    expect(client.responses[0]?.isComplete).toBe(false)
  })

  it('[H5] is cut before its head was sent, where that takes too long', async () => {
    const { client, sink, response, owner } = await open(form)
    sink.write(Chunk.ofText('x'.repeat(MIB), 1))
    sink.destroy()
    expect(response.destroyed).toBe(true)
    await client.untilEnd()
    expect(client.length).toBe(0)
    await until(() => owner.gone > 0)
  })

  it.each<readonly [string, (response: ServerResponse) => void]>([
    ['a stream', (response) => void response.write('inst')],
    ['a whole one', (response) => void response.end('instead')],
  ])('[H5] cuts no response that has another body: %s', async (_kind, answer) => {
    const { client, sink, body, response, owner } = await open(form)
    answer(response)
    sink.destroy()
    if (!response.writableEnded) response.end('ead')
    await client.untilComplete()
    expect(client.body).toBe('instead')
    expect(client.hasEnded).toBe(false)
    await until(() => owner.gone > 0)
    // Who reads it after all does not take what it was for the whole.
    await expect(form.read(body())).rejects.toThrow()
  })

  it('[H4] says that its client has gone, whether or not it was being sent', async () => {
    for (const isSent of [false, true]) {
      const { client, sink, body, response, owner } = await open(form)
      if (isSent) {
        form.send(body(), response)
        await client.untilBody(FIRST)
      }
      client.leave()
      await until(() => owner.gone > 0)
      expect(sink.isGone).toBe(true)
    }
  })

  it('[H4] says that it was dropped, and lets go of the response', async () => {
    const { client, body, response, owner } = await open(form)
    expect(response.write).not.toBe(OutgoingMessage.prototype.write)
    form.drop(body())
    await until(() => owner.gone === 1)
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    response.end('instead')
    await client.untilComplete()
    expect(client.body).toBe('instead')
  })

  it('says nothing of one that has ended and was dropped: its response says it', async () => {
    const { client, sink, body, response, owner } = await open(form)
    sink.end()
    form.drop(body())
    await nextTurn()
    expect(owner.gone).toBe(0)
    response.end()
    await client.untilComplete()
    await until(() => owner.gone === 1)
  })

  it('lets go of a response that it did not get to answer', async () => {
    const { sink, response } = await open(form)
    sink.release()
    expect(response.write).toBe(OutgoingMessage.prototype.write)
  })

  it('[S9] shows progress as its client takes bytes, before and after it was taken over', async () => {
    const { client, sink, body, response } = await open(form, { reads: false })
    sink.write(Chunk.ofText('x'.repeat(16 * MIB), 1))
    const start = sink.progress
    expect(sink.bufferedBytes).toBe(FIRST.length + 16 * MIB)
    await nextTurn()
    expect(sink.progress).toBe(start)
    form.send(body(), response)
    await untilSettled(() => sink.progress)
    const stalled = sink.progress
    expect(stalled).not.toBe(start)
    const { bufferedBytes } = sink
    expect(bufferedBytes).toBeGreaterThan(MIB)
    // A part of one write that was taken shows nowhere else.
    const { length } = client
    await client.resume().until((reader) => reader.length > length + 2 * MIB)
    client.pause()
    await untilSettled(() => sink.progress)
    expect(sink.bufferedBytes).toBe(bufferedBytes)
    expect(sink.progress).not.toBe(stalled)
    client.resume()
    await until(() => sink.bufferedBytes === 0)
  })

  it('[S1] writes exactly what was written, in order, whatever the sizes and the moments', async () => {
    const step = fc.record({
      size: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 2_000 }) },
        fc.integer({ min: 1, max: 200 * KIB }),
      ),
      turns: fc.nat(3),
      reads: fc.boolean(),
      isAwaited: fc.boolean(),
    })
    const run = fc.record({
      steps: fc.array(step, { minLength: 1, maxLength: 25 }),
      sendsAt: fc.nat(6),
      endsEarly: fc.boolean(),
    })
    let direct = 0
    await fc.assert(
      fc.asyncProperty(run, async ({ steps, sendsAt, endsEarly }) => {
        const { server, client, sink, body, response, owner, leave } = await open(form)
        let text = FIRST
        const send = (): void => form.send(body(), response)
        for (const [index, { size, turns, reads, isAwaited }] of steps.entries()) {
          if (index === sendsAt) send()
          if (reads) client.resume()
          else client.pause()
          const data = `${index}:${String.fromCharCode(97 + (index % 26)).repeat(size)}\n`
          text += data
          const { drained } = owner
          const isFull = !sink.write(Chunk.ofText(data, 1))
          for (let n = 0; n < turns; n++) await nextTurn()
          if (isFull && isAwaited && index >= sendsAt) {
            client.resume()
            await until(() => owner.drained > drained)
          }
        }
        if (endsEarly) sink.end()
        if (sendsAt >= steps.length) send()
        if (!endsEarly) {
          await nextTurn()
          sink.end()
        }
        await client.resume().untilComplete()
        expect(client.body).toBe(text)
        await until(() => sink.bufferedBytes === 0)
        direct += directWritesOf(server).length
        leave()
      }),
      { numRuns: 60 },
    )
    // It is this that is to be exact, not the way through the body alone.
    expect(direct).toBeGreaterThan(50)
  })
}

/** A response that is answered by a body, and both its ends. */
interface Accepted<Stream> {
  readonly server: TestServer
  readonly client: RawClient
  readonly sink: BodySink<Stream>
  readonly response: ServerResponse
  /** How often its owner was told. */
  readonly owner: { drained: number; gone: number }
  /** What the framework was given. */
  readonly given: readonly { readonly head: ResponseHead; readonly body?: Stream | string }[]
  body(): Stream
  leave(): void
}

async function accept<Stream>(
  form: Form<Stream>,
  options: { readonly reads?: boolean } = {},
): Promise<Accepted<Stream>> {
  const accepted = deferred<readonly [IncomingMessage, ServerResponse]>()
  const server = await serveHttp((req, res) => accepted.resolve([req, res]))
  const client = RawClient.connect(server.port, options).request('GET /')
  const [request, response] = await accepted.promise
  const given: { head: ResponseHead; body?: Stream | string }[] = []
  const sink = new BodySink<Stream>({ request, response, respond: (head, body) => respond(head, body) }, form.bodyFor)
  const respond = (head: ResponseHead, body: Stream | string | undefined): void => {
    setHeaders(head, response)
    given.push(body === undefined ? { head } : { head, body })
  }
  const owner = { drained: 0, gone: 0 }
  sink.own({ drained: () => owner.drained++, gone: () => owner.gone++ })
  const body = (): Stream => {
    const stream = given[0]?.body
    if (stream === undefined || typeof stream === 'string') throw new Error('no body')
    return stream
  }
  const leave = (): void => {
    client.leave()
    server.server.close()
  }
  return { server, client, sink, response, owner, given, body, leave }
}

/** The same with its first frame in the body. */
async function open<Stream>(form: Form<Stream>, options?: { readonly reads?: boolean }): Promise<Accepted<Stream>> {
  const accepted = await accept(form, options)
  accepted.sink.open(HEAD, FIRST)
  return accepted
}

interface Http2Accepted {
  readonly stream: ClientHttp2Stream
  readonly sink: BodySink<Readable>
  readonly owner: { drained: number }
  readonly gone: Promise<void>
  send(): void
}

async function openHttp2(): Promise<Http2Accepted> {
  const accepted = deferred<Omit<Http2Accepted, 'stream'>>()
  const { url } = await serveHttp2((req, res) => {
    // The compatible form of HTTP/2 has all that is used of the classes of HTTP/1.
    const [request, response] = [req as unknown as IncomingMessage, res as unknown as ServerResponse]
    const gone = deferred()
    const owner = { drained: 0 }
    let send = (): void => {}
    const respond = (head: ResponseHead, body?: Readable | string): void => {
      setHeaders(head, response)
      if (body instanceof Readable) send = () => void body.pipe(response)
    }
    const sink = new BodySink<Readable>({ request, response, respond }, NODE.bodyFor)
    sink.own({ drained: () => owner.drained++, gone: gone.resolve })
    sink.open(HEAD, FIRST)
    accepted.resolve({ sink, owner, gone: gone.promise, send: () => send() })
  })
  const session = connect(url)
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {})
  return { stream, ...(await accepted.promise) }
}

async function unzipped(client: RawClient): Promise<string> {
  const gunzip = createGunzip()
  gunzip.end(client.responses[0]?.body)
  return String(Buffer.concat(await gunzip.toArray()))
}

/** Of all that sockets were given to write: what was a whole chunk of HTTP/1.1 in one buffer. */
function directWritesOf({ writes }: TestServer): string[] {
  const texts = writes.flat().map((write) => (typeof write === 'string' ? '' : Buffer.from(write).toString('latin1')))
  return texts.filter((text) => {
    const [, size = '', rest = ''] = /^([\da-f]+)\r\n(.+\r\n)$/s.exec(text) ?? []
    return rest !== '' && Number.parseInt(size, 16) === rest.length - 2
  })
}
