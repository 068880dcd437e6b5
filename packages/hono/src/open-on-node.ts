import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest } from 'node:http2'
import { openWebBody } from '@sse/core/node'
import type { OpenStream } from './event-stream.ts'
import { openOnWeb, platformOf } from './open-on-web.ts'

/**
 * On Node: where `@hono/node-server` sends the body as it is, everything after its first bytes goes to the response
 * directly. HTTP/2, and an application that is called without a server, get what Web standards can do.
 */
export const openOnNode: OpenStream = (exchange, source, options) => {
  const { incoming, outgoing } = platformOf(exchange.c)
  if (incoming instanceof IncomingMessage && outgoing instanceof ServerResponse) {
    return openWebBody({ request: incoming, response: outgoing, respond: exchange.respond }, source, options)
  }
  const peer = incoming instanceof Http2ServerRequest ? incoming.socket.remoteAddress : undefined
  return openOnWeb(exchange, source, { ...options, address: options.address ?? peer })
}
