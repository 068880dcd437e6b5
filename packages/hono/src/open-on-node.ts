import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { openWebBody } from '@sse/core/node'
import type { OpenStream } from './event-stream.ts'
import { openOnWeb, platformOf } from './open-on-web.ts'

/**
 * On Node: where `@hono/node-server` sends the body as it is, everything after its first bytes goes to the response
 * directly. An application that is called without a server gets what Web standards can do.
 */
export const openOnNode: OpenStream = (exchange, source, options) => {
  const { incoming, outgoing } = platformOf(exchange.c)
  if (!isRequest(incoming) || !isResponse(outgoing)) return openOnWeb(exchange, source, options)
  return openWebBody({ request: incoming, response: outgoing, respond: exchange.respond }, source, options)
}

/** The compatible form of HTTP/2 has all that is used of the classes of HTTP/1. */
function isRequest(incoming: unknown): incoming is IncomingMessage {
  return incoming instanceof IncomingMessage || incoming instanceof Http2ServerRequest
}

function isResponse(outgoing: unknown): outgoing is ServerResponse {
  return outgoing instanceof ServerResponse || outgoing instanceof Http2ServerResponse
}
