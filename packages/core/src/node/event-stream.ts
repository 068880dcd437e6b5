import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Readable } from 'node:stream'
import { Connection } from '../connection/connection.ts'
import { acceptsStream } from '../connection/event-stream.ts'
import { HOST, independent } from '../connection/host.ts'
import { type StreamOptions, streamSettings } from '../connection/options.ts'
import { serve } from '../connection/serve.ts'
import type { Sink } from '../connection/sink.ts'
import type { Source } from '../connection/source.ts'
import { type SseStream, streamOf } from '../connection/stream.ts'
import { nextTurn } from '../connection/turn.ts'
import { type BodyOwner, WebBody } from '../connection/web-body.ts'
import { SseError } from '../wire/error.ts'
import { type Body, type BodyExchange, BodySink } from './body-sink.ts'
import { NodeBody } from './node-body.ts'
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
export function eventStream(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  source: Source,
  options?: StreamOptions,
): Promise<SseStream> {
  // The compatible form of HTTP/2 has all that is used of the classes of HTTP/1.
  const incoming = request as IncomingMessage
  const outgoing = response as ServerResponse
  // Not an async function: most clients of a server come here, and each would pay for what such a one keeps.
  try {
    assertNotBegun(outgoing)
    const connection = connectionTo(new NodeSink(incoming, outgoing), incoming, options)
    return serve(connection, source, nextTurn()).then(() => streamOf(connection))
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * As {@link eventStream}, for the adapter of a framework that sends a response itself, once all middleware is done: it
 * is given the head, and a `Readable` to pipe into the response, or a text, or nothing. Where the framework pipes it as
 * it is, everything after goes to the response directly.
 *
 * The stream is open when the framework has been given its body, which waits there until it is sent.
 */
export async function openBody(
  exchange: BodyExchange<Readable>,
  source: Source,
  options?: StreamOptions,
): Promise<SseStream> {
  return serveBody(exchange, (owner) => new NodeBody(owner), source, options)
}

/** As {@link openBody}, for a framework whose bodies are those of the Web: it is given a `ReadableStream`. */
export async function openWebBody(
  exchange: BodyExchange<ReadableStream<Uint8Array>>,
  source: Source,
  options?: StreamOptions,
): Promise<SseStream> {
  return serveBody(exchange, (owner) => new WebBody(owner), source, options)
}

async function serveBody<Stream>(
  exchange: BodyExchange<Stream>,
  bodyFor: (owner: BodyOwner) => Body<Stream>,
  source: Source,
  options: StreamOptions | undefined,
): Promise<SseStream> {
  assertNotBegun(exchange.response)
  const connection = connectionTo(new BodySink(exchange, bodyFor), exchange.request, options)
  await serve(connection, source)
  return streamOf(connection)
}

function connectionTo(sink: Sink, request: IncomingMessage, options: StreamOptions | undefined): Connection {
  return new Connection({
    sink,
    host: options?.hub?.[HOST] ?? independent,
    settings: streamSettings(options),
    lastEventId: lastEventIdOf(request),
    address: options?.address,
    acceptsStream: acceptsStream(request.method, request.headers.accept),
  })
}

function assertNotBegun({ headersSent }: ServerResponse): void {
  if (headersSent) throw new SseError('SSE_CLOSED', 'The response has begun already: it cannot be a stream.')
}
