import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Worker } from '../harness/worker.ts'
import type { ClientMethods } from './client.ts'

describe('the load client', () => {
  let cleanUp: AsyncDisposableStack
  beforeEach(() => {
    cleanUp = new AsyncDisposableStack()
  })
  afterEach(() => cleanUp.disposeAsync())

  it('counts each marker once, for each client, however the stream is cut into chunks', async () => {
    const { client, sockets } = await connected(2)
    for (const [n, chunk] of ['x~x', '~~', 'x', 'x~'].entries()) {
      sockets[0]?.write(chunk)
      if (n < 3) sockets[1]?.write(chunk)
    }
    expect(await client.call('receive', 7)).toEqual({ total: 7, least: 3, most: 4, closed: 0 })
  })

  it('stops waiting when a client is cut off', async () => {
    const { client, sockets } = await connected(2)
    sockets[0]?.end('~')
    expect(await client.call('receive', 100)).toMatchObject({ total: 1, least: 0, most: 1, closed: 1 })
  })

  it('stops waiting for an event that does not come', async () => {
    const { client, sockets } = await connected(1)
    sockets[0]?.write('~')
    expect(await client.call('receive', 2, 100)).toMatchObject({ total: 1, closed: 0 })
  })

  it('refuses a response that is not a 200', async () => {
    await expect(connected(1, 'HTTP/1.1 503 Service Unavailable\r\n\r\n')).rejects.toThrow('503')
  })

  async function connected(count: number, head = 'HTTP/1.1 200 OK\r\n\r\n') {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {}).write(head)
    })
    cleanUp.defer(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = cleanUp.use(new Worker<ClientMethods>(new URL('client.ts', import.meta.url), 'client'))
    // A TCP server's address is an object.
    const { port } = server.address() as AddressInfo
    await client.call('connect', { port, path: '/', count })
    return { client, sockets }
  }
})
