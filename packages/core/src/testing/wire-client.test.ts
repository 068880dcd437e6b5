import { describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../test/http-server.ts'
import { WireClient } from './wire-client.ts'

describe('WireClient', () => {
  it('shows responses and events as they come', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.write('retry: 7\n:hello\n\nid: 1\nda')
      setImmediate(() => response.end('ta: é\n\n'))
    })
    const client = connect(url).send({ path: '/' }, { path: '/' })
    await client.whole(2)
    expect(client.responses.map(({ status }) => status)).toEqual([200, 200])
    expect(client.stream).toEqual({
      events: [{ event: 'message', data: 'é', id: '1' }],
      comments: ['hello'],
      retry: 7,
      lastEventId: '1',
    })
  })

  it('sends what it is told, one character for a byte, and a body with its length', async () => {
    const { url } = await serveHttp(async (request, response) => {
      const { method, url: path, httpVersion, headers } = request
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      response.end(JSON.stringify([method, path, httpVersion, headers['x-note'], headers['content-length'], body]))
    })
    const client = connect(url)
    client.send({ method: 'POST', path: '/a?b', headers: ['X-Note: \xe9'], body: 'é', version: '1.0' })
    await client.whole()
    expect(JSON.parse(client.body)).toEqual(['POST', '/a?b', '1.0', '\xe9', '2', 'é'])
  })

  it('says what it has waited for, and what came instead', async () => {
    const { url } = await serveHttp((_request, response) => void response.write('data: a\n\n'))
    const client = connect(url, 100).send({ path: '/' })
    await client.untilEvents(1)
    await expect(client.untilEvents(2)).rejects.toThrow(/^waited 100 ms for 2 events; what came: .*data: a/)
    await expect(client.untilEnd()).rejects.toThrow('the end of the connection')
  })

  it('says when the connection was closed before', async () => {
    const { url } = await serveHttp((request) => void request.socket.destroy())
    const client = connect(url).send({ path: '/' })
    await expect(client.head()).rejects.toThrow('closed before the head of a response came: nothing')
    await client.untilEnd()
  })

  it('reads only while it is told to', async () => {
    const { url, sockets } = await serveHttp((_request, response) => void response.write('x'.repeat(16 * 1024 * 1024)))
    const client = connect(url).pause().send({ path: '/' })
    await expect(client.head()).rejects.toThrow('nothing')
    expect(sockets[0]?.writableLength).toBeGreaterThan(0)
    client.resume()
    await client.until('all of it', () => client.body.length === 16 * 1024 * 1024)
  })

  it('goes away', async () => {
    const { url, sockets } = await serveHttp((_request, response) => void response.write('x'))
    const client = connect(url).send({ path: '/' })
    await client.untilBody('x')
    await client.leave()
    expect(client.hasEnded).toBe(true)
    await expect.poll(() => sockets[0]?.destroyed).toBe(true)
    await client.leave()
  })
})

function connect(url: string, timeout: number = 500): WireClient {
  const client = WireClient.connect(new URL(url), timeout)
  onTestFinished(() => client.leave())
  return client
}
