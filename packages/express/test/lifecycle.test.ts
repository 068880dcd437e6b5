import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createHub, type SseStream } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { connectionsOf } from '@sse/tooling/listening'
import { RawClient } from '@sse/tooling/raw-client'
import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

const ROUNDS = 2_000
const AT_ONCE = 50

describe.each(VERSIONS)('the life of a stream on $name', ({ express }) => {
  it('[H1] goes on after the body of a POST has been read', async () => {
    const bodyRead = deferred()
    const app = express().use(express.json(), sse())
    app.post('/chat', (req, res) =>
      res.sse(async function* () {
        yield `you said ${req.body.text}`
        if (!req.closed) await once(req, 'close')
        bodyRead.resolve()
        yield 'still here'
      }),
    )
    const { url } = await serve(app)
    const headers = { 'Content-Type': 'application/json' }
    const events = await readEvents(await fetch(`${url}/chat`, { method: 'POST', headers, body: '{"text":"hello"}' }))
    await bodyRead.promise
    expect(events.map(({ data }) => data)).toEqual(['you said hello', 'still here'])
  })

  it('[H13] [H4] ends the source at once when the client goes, also while it waits for what never comes', async () => {
    const ended = deferred<string>()
    const app = express().use(sse())
    app.get('/', (_req, res) =>
      res.sse(async function* ({ signal }) {
        try {
          yield 'first'
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        } finally {
          ended.resolve('ended')
        }
      }),
    )
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('data: first')
    client.socket.destroy()
    expect(await ended.promise).toBe('ended')
  })

  it('[H13] returns an iterator that is not a generator, whatever it waits for', async () => {
    const returned = deferred()
    const app = express().use(sse())
    app.get('/', (_req, res) =>
      res.sse({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => {}),
          return: async () => {
            returned.resolve()
            return { done: true as const, value: undefined }
          },
        }),
      }),
    )
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until(':\n\n')
    client.socket.destroy()
    await returned.promise
  })

  it('[H17] tells the handler why a stream has closed, and takes nothing more', async () => {
    const opened = deferred<SseStream>()
    const app = express().use(sse())
    app.get('/', async (_req, res) => opened.resolve(await res.sse()))
    const client = new RawClient((await serve(app)).port).request('GET /')
    const stream = await opened.promise
    expect(await stream.send('hello')).toBe(true)
    await client.until('data: hello')
    client.socket.destroy()
    expect(await stream.closed).toBe('client')
    expect(stream.signal.aborted).toBe(true)
    expect(await stream.send('late')).toBe(false)
  })

  it('[H4] starts nothing for a client that has gone before', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    const streams = deferred<readonly SseStream[]>()
    const source = vi.fn()
    const arrived = deferred()
    app.get('/', async (_req, res) => {
      arrived.resolve()
      await once(res, 'close')
      streams.resolve([await res.sse(source), await res.sse(hub.subscribe('a'))])
    })
    const errors = vi.fn((_error, _req, _res, _next) => {})
    app.use(errors)
    const client = new RawClient((await serve(app)).port).request('GET /')
    await arrived.promise
    client.socket.destroy()
    for (const stream of await streams.promise) {
      expect(await stream.closed).toBe('client')
      expect(stream.signal.aborted).toBe(true)
    }
    expect(source).not.toHaveBeenCalled()
    expect(errors).not.toHaveBeenCalled()
    expect(hub.size).toBe(0)
  })

  it('[H16] a browser asks again when a finite stream has ended, and no more when it gets `null`', async () => {
    const app = express().use(sse({ retry: 1 }))
    let requests = 0
    app.get('/', (_req, res) => {
      requests++
      if (requests > 1) return void res.sse(null)
      return void res.sse(async function* () {
        yield 'all there is'
      })
    })
    const source = new EventSource((await serve(app)).url)
    onTestFinished(() => source.close())
    const received: string[] = []
    source.addEventListener('message', ({ data }) => received.push(data))
    await vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED))
    expect(received).toEqual(['all there is'])
    expect(requests).toBe(2)
  })

  it('[H7] ends all streams with the hub, so that the server can close', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/hub', (_req, res) => res.sse(hub.subscribe('a')))
    app.get('/open', (_req, res) => res.sse())
    const { port, server } = await serve(app)
    const clients = ['/hub', '/open'].map((path) => new RawClient(port).request(`GET ${path}`, 'Connection: close'))
    await Promise.all(clients.map((client) => client.until('\n\n')))
    const closed = once(server, 'close')
    server.close()
    await hub.close()
    await closed
    for (const client of clients) expect(await client.until('\r\n0\r\n\r\n')).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
  })

  it('[S1] lets a request wait that was pipelined behind a stream, and streams to it after', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    const opened: SseStream[] = []
    app.get('/:name', async (req, res) => {
      const { name } = req.params
      const stream = await res.sse(({ send }) => {
        void send(`hello ${name}`)
        return hub.subscribe(name)
      })
      opened.push(stream)
    })
    const client = new RawClient((await serve(app)).port)
    client.request('GET /first').request('GET /second')
    await vi.waitFor(() => expect(opened).toHaveLength(2))
    for (let n = 1; n <= 2; n++) {
      await hub.publish('first', { data: `first ${n}` })
      await hub.publish('second', { data: `second ${n}` })
    }
    await client.until('data: first 2')
    expect(client.received).not.toContain('second')
    opened[0]?.close()
    await client.until('data: second 2')
    await hub.publish('second', { data: 'live' })
    await client.until('data: live')
    opened[1]?.close()
    await vi.waitFor(() => expect(client.received.match(/\r\n0\r\n\r\n/g)).toHaveLength(2))
    const [first, second, rest] = bodiesOf(client.received)
    expect(dataOf(first)).toEqual(['hello first', 'first 1', 'first 2'])
    expect(dataOf(second)).toEqual(['hello second', 'second 1', 'second 2', 'live'])
    expect(rest).toBeUndefined()
    await client.request('GET /third').until('data: hello third')
  })

  it('[H12] leaves nothing behind of 2,000 clients that came and went', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    const streams: AbortSignal[] = []
    app.get('/hub', (_req, res) => res.sse(hub.subscribe('a')))
    app.get('/open', async (_req, res) => void streams.push((await res.sse()).signal))
    const { port, server } = await serve(app)
    const listeners = server.eventNames().map((name) => server.listenerCount(name))
    for (let round = 0; round < ROUNDS / AT_ONCE; round++) {
      const path = round % 2 === 0 ? '/hub' : '/open'
      const clients = Array.from({ length: AT_ONCE }, () => new RawClient(port).request(`GET ${path}`))
      await Promise.all(clients.map((client) => client.until('\n\n')))
      for (const { socket } of clients) socket.destroy()
    }
    await vi.waitFor(() => expect(hub.size).toBe(0))
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(0))
    expect(hub.stats()).toMatchObject({ connections: 0, closed: { client: ROUNDS } })
    expect(streams.filter(({ aborted }) => !aborted)).toEqual([])
    expect(server.eventNames().map((name) => server.listenerCount(name))).toEqual(listeners)
  })

  it('[H12] leaves no listener on a socket that serves 2,000 streams, one after the other', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    app.get('/', (_req, res) =>
      res.sse(async function* () {
        yield 'x'
      }),
    )
    const { port, server } = await serve(app)
    const connected = once(server, 'connection')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const stream = async (): Promise<void> => {
      const [response]: IncomingMessage[] = await once(get({ port, agent }), 'response')
      let text = ''
      for await (const chunk of response ?? []) text += chunk
      expect(text).toMatch(/^retry: \d+\n:\n\ndata: x\n\n$/)
    }
    await stream()
    const [socket] = await connected
    const count = (): number[] => socket.eventNames().map((name: string) => socket.listenerCount(name))
    const before = count()
    for (let i = 1; i < ROUNDS; i++) await stream()
    expect(count()).toEqual(before)
    expect(await connectionsOf(server)).toBe(1)
    expect(hub.stats()).toMatchObject({ connections: 0, closed: { complete: ROUNDS } })
  })
})

/** The bodies of responses in chunked coding, without it. What is not exactly that coding is an error. */
function bodiesOf(received: string): readonly string[] {
  const bodies: string[] = []
  for (let rest = received; rest !== ''; ) {
    let body = ''
    rest = rest.slice(rest.indexOf('\r\n\r\n') + 4)
    for (;;) {
      const [head = '', size] = /^([\da-f]+)\r\n/.exec(rest) ?? []
      if (size === undefined) throw new Error(`no chunk: ${JSON.stringify(rest)}`)
      const end = head.length + Number.parseInt(size, 16)
      if (rest.slice(end, end + 2) !== '\r\n') throw new Error(`no end of a chunk: ${JSON.stringify(rest)}`)
      body += rest.slice(head.length, end)
      rest = rest.slice(end + 2)
      if (size === '0') break
    }
    bodies.push(body)
  }
  return bodies
}

function dataOf(body = ''): readonly string[] {
  return Array.from(body.matchAll(/^data: (.*)$/gm), ([, data = '']) => data)
}
