import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import {
  createServer as createCleartextServer,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Hub } from '@sse/core'
import type { AnyServer, RunningServer } from './server.ts'
import type { Site } from './site.ts'

/** Handles requests of HTTP/1.1 and of HTTP/2, through what both have in common. */
export type AnyListener = RequestListener & ((request: Http2ServerRequest, response: Http2ServerResponse) => void)

/** Makes the server of a site's protocol, and lets it listen. */
export function serve(handler: AnyListener, { hub, protocol = 'http1', tls }: Site): Promise<RunningServer> {
  if (protocol === 'http1') return listen(hub, createServer(handler))
  if (protocol === 'h2c') return listen(hub, createCleartextServer(handler))
  return listen(hub, createSecureServer({ ...tls, allowHTTP1: true }, handler))
}

/** Lets a server listen on a free port of 127.0.0.1, unless it does; closing it cuts whatever is connected. */
export async function listen(
  hub: Hub,
  server: AnyServer,
  end: () => Promise<unknown> = () => hub.close(),
): Promise<RunningServer> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const { port } = address
  const scheme = 'setSecureContext' in server ? 'https' : 'http'
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    for (const session of sessions) session.destroy()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await end()
    await closed
  }
  return { server, port, url: `${scheme}://127.0.0.1:${port}`, close }
}
