import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { createServer as createHttp2Server, type Http2Server, type Http2ServerRequest } from 'node:http2'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { Server as NetServer, Socket } from 'node:net'
import { selfSigned } from '@sse/tooling/certificate'
import { onTestFinished } from 'vitest'

/** A server of a test, gone when that has finished. */
export interface TestServer<S extends NetServer = Server> {
  readonly server: S
  readonly port: number
  readonly url: string
  /** The server's sides of the connections, in the order they came. */
  readonly sockets: readonly Socket[]
  /** What each of them was given to write, in order. */
  readonly writes: readonly (readonly (Uint8Array | string)[])[]
  /** What each of them handed to the kernel in one piece, in order, one character for a byte. */
  readonly packets: readonly (readonly string[])[]
}

/** Starts a server of HTTP/1 on a free port of the loopback interface. */
export async function serveHttp(listener: RequestListener, options: ServerOptions = {}): Promise<TestServer> {
  const server = createServer(options, listener)
  const running = await listen(server)
  onTestFinished(() => server.closeAllConnections())
  return running
}

/** The same over TLS, with a certificate that nobody trusts; its sockets are those of TLS. */
export async function serveHttps(listener: RequestListener): Promise<TestServer<HttpsServer>> {
  const server = createHttpsServer(selfSigned(), listener)
  const running = await listen(server, 'secureConnection')
  onTestFinished(() => server.closeAllConnections())
  return running
}

/** Starts a server of HTTP/2 without TLS. */
export async function serveHttp2(
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<TestServer<Http2Server>> {
  return listen(createHttp2Server(listener))
}

async function listen<S extends NetServer>(
  server: S,
  connected: 'connection' | 'secureConnection' = 'connection',
): Promise<TestServer<S>> {
  const sockets: Socket[] = []
  const writes: (Uint8Array | string)[][] = []
  const packets: string[][] = []
  server.on(connected, (socket: Socket) => {
    sockets.push(socket)
    writes.push(recordWrites(socket))
    packets.push(recordPackets(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}/`, sockets, writes, packets }
}

/** Notes what is written to a socket, on its way. */
function recordWrites(socket: Socket): (Uint8Array | string)[] {
  const writes: (Uint8Array | string)[] = []
  const write = socket.write
  socket.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
    writes.push(args[0])
    return write.apply(this, args)
  } as Socket['write']
  return writes
}

/** Notes what leaves a socket in one system call. */
function recordPackets(socket: Socket): string[] {
  const packets: string[] = []
  const { _write: write, _writev: writev } = socket
  socket._write = function (this: Socket, chunk, encoding, callback) {
    packets.push(textOf(chunk, encoding))
    write.call(this, chunk, encoding, callback)
  }
  socket._writev = function (this: Socket, chunks, callback) {
    packets.push(chunks.map(({ chunk, encoding }) => textOf(chunk, encoding)).join(''))
    writev?.call(this, chunks, callback)
  }
  return packets
}

function textOf(chunk: string | Uint8Array, encoding: BufferEncoding): string {
  return (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)).toString('latin1')
}
