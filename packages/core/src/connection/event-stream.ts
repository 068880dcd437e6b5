import { lastEventIdFrom } from '../wire/last-event-id.ts'
import { Connection } from './connection.ts'
import { HOST, independent } from './host.ts'
import { type StreamOptions, streamSettings } from './options.ts'
import { serve } from './serve.ts'
import type { Respond } from './sink.ts'
import type { Source } from './source.ts'
import { type SseStream, streamOf } from './stream.ts'
import { responseOf } from './web-response.ts'
import { WebSink } from './web-sink.ts'

/** The status of a response that nobody will get, since the client has gone. */
const CLIENT_CLOSED_REQUEST = 499

/**
 * Streams a source as a `Response`, the Web form: for Workers, Bun, Deno and every framework that speaks Web standards.
 *
 * @returns the response, as soon as the stream opens; 204 for a source that is `null`.
 * @throws what the source threw before the stream was open.
 * @throws {SseError} `SSE_INVALID_FIELD` if an option is out of range.
 */
export async function eventStream(request: Request, source: Source, options?: StreamOptions): Promise<Response> {
  let response: Response | undefined
  const respond: Respond<ReadableStream<Uint8Array>> = (head, body) => {
    response = responseOf(head, body)
  }
  await openWebStream({ request, respond }, source, options)
  return response ?? new Response(null, { status: CLIENT_CLOSED_REQUEST })
}

/** A request, and how it is answered. */
export interface WebExchange {
  readonly request: Request
  /** Called at most once, when the stream opens or is answered otherwise: with a client that has gone, never. */
  readonly respond: Respond<ReadableStream<Uint8Array>>
}

/**
 * As {@link eventStream}, for an adapter: the framework makes the response.
 *
 * @returns the stream, once it is open; a closed one if the client had gone, or was answered without a stream.
 */
export async function openWebStream(
  { request, respond }: WebExchange,
  source: Source,
  options?: StreamOptions,
): Promise<SseStream> {
  const connection = new Connection({
    sink: new WebSink(request, respond),
    host: options?.hub?.[HOST] ?? independent,
    settings: streamSettings(options),
    lastEventId: lastEventIdFrom({
      header: request.headers.get('last-event-id'),
      query: new URL(request.url).searchParams.get('lastEventId'),
    }),
    address: options?.address,
    acceptsStream: acceptsStream(request.method, request.headers.get('accept')),
  })
  await serve(connection, source)
  return streamOf(connection)
}

/** Whether a request comes from an `EventSource`, or something like it. */
export function acceptsStream(method: string | undefined, accept: string | null | undefined): boolean {
  return method === 'GET' && accept?.includes('text/event-stream') === true
}
