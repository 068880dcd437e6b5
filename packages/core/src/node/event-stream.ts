import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Connection } from '../connection/connection.ts'
import { acceptsStream } from '../connection/event-stream.ts'
import { HOST, independent } from '../connection/host.ts'
import { type StreamOptions, streamSettings } from '../connection/options.ts'
import { serve } from '../connection/serve.ts'
import type { Source } from '../connection/source.ts'
import { type SseStream, streamOf } from '../connection/stream.ts'
import { nextTurn } from '../connection/turn.ts'
import { SseError } from '../wire/error.ts'
import { NodeSink } from './node-sink.ts'
import { lastEventIdOf } from './request.ts'

/**
 * Streams a source to a response of `node:http` or `node:http2`.
 *
 * Headers that were set on the response before, or are set in the same turn after, are kept.
 *
 * @returns the stream, once it is open; a closed one if the client had gone, or was answered without a stream.
 * @throws what the source threw before the stream was open; nothing has been written then.
 * @throws {SseError} `SSE_INVALID_FIELD` if an option is out of range; `SSE_CLOSED` if the response has begun already.
 */
export async function eventStream(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  source: Source,
  options?: StreamOptions,
): Promise<SseStream> {
  // The compatible form of HTTP/2 has all that is used of the classes of HTTP/1.
  const incoming = request as IncomingMessage
  const outgoing = response as ServerResponse
  if (outgoing.headersSent) throw new SseError('SSE_CLOSED', 'The response has begun already: it cannot be a stream.')
  const connection = new Connection({
    sink: new NodeSink(incoming, outgoing),
    host: options?.hub?.[HOST] ?? independent,
    settings: streamSettings(options),
    lastEventId: lastEventIdOf(incoming),
    address: options?.address,
    acceptsStream: acceptsStream(incoming.method, incoming.headers.accept),
  })
  await serve(connection, source, nextTurn())
  return streamOf(connection)
}
