import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { takeEvents } from './take-events.ts'

const servers: Server[] = []

afterEach(() => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

describe('takeEvents', () => {
  it('gives the first events of a stream that never ends, and destroys the connection', async () => {
    let gone: Promise<unknown> | undefined
    const server = serving((res) => {
      gone = once(res, 'close')
      open(res).write('retry: 5\n\nid: 1\nevent: e\ndata: é\n\n')
      setImmediate(() => res.write('data: b\n\ndata: c\n\n'))
    })
    const response = await request(server).get('/').buffer(true).parse(takeEvents(2))
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.body).toEqual([
      { event: 'e', data: 'é', id: '1' },
      { event: 'message', data: 'b', id: '1' },
    ])
    await gone
  })

  it('calls back once, without a warning, when all events come in one chunk', async () => {
    const warn = vi.spyOn(console, 'warn')
    const server = serving((res) => void open(res).end('data: a\n\n'.repeat(10)))
    const { body } = await request(server).get('/').buffer(true).parse(takeEvents(3))
    expect(body).toHaveLength(3)
    expect(warn).not.toHaveBeenCalled()
  })

  it('puts characters together that chunks have parted', async () => {
    const bytes = Buffer.from('data: é€😀\n\n')
    const server = serving((res) => {
      open(res)
      const rest = [...bytes]
      const next = (): void => {
        const byte = rest.shift()
        if (byte !== undefined) res.write(Buffer.of(byte), () => setImmediate(next))
      }
      next()
    })
    const { body } = await request(server).get('/').buffer(true).parse(takeEvents(1))
    expect(body).toMatchObject([{ data: 'é€😀' }])
  })

  it('gives fewer where the stream ends before', async () => {
    const server = serving((res) => void open(res).end('data: a\n\ndata: cut'))
    const { body } = await request(server).get('/').buffer(true).parse(takeEvents(2))
    expect(body).toEqual([{ event: 'message', data: 'a', id: '' }])
  })

  it('gives none for an error page, whose status superagent tells', async () => {
    const server = serving((res) => void res.writeHead(500, { 'Content-Type': 'text/plain' }).end('Failed'))
    const { status, body } = await request(server).get('/').buffer(true).parse(takeEvents(1))
    expect({ status, body }).toEqual({ status: 500, body: [] })
  })

  it('rejects where the stream is cut', async () => {
    // superagent warns that it is told twice, which it is by itself, with its own parsers too.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const server = serving((res) => void open(res).write('data: a\n\n', () => res.socket?.resetAndDestroy()))
    await expect(request(server).get('/').buffer(true).parse(takeEvents(2))).rejects.toThrow(/ECONNRESET|aborted/)
    await vi.waitFor(() => expect(warn).toHaveBeenCalledWith('superagent: double callback bug'))
  })

  it('calls back once where the connection cannot be destroyed', () => {
    const response = new EventEmitter()
    const callback = vi.fn()
    takeEvents(1)(response, callback)
    for (let n = 0; n < 3; n++) response.emit('data', Buffer.from('data: a\n\n'))
    response.emit('end')
    expect(callback.mock.calls).toEqual([[null, [{ event: 'message', data: 'a', id: '' }]]])
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses to take %s', (count) => {
    expect(() => takeEvents(count)).toThrow(TypeError)
  })
})

function open(res: ServerResponse): ServerResponse {
  return res.writeHead(200, { 'Content-Type': 'text/event-stream' })
}

function serving(handle: (res: ServerResponse) => void): Server {
  const server = createServer((_, res) => handle(res))
  servers.push(server)
  return server
}
