import type { Source, SseStream, StreamOptions } from '@sse/core'
import { Reply, type StreamContext } from './reply.ts'

/**
 * Streams a source, without the middleware: no defaults, and no hub but the one a subscription brings. The handler awaits
 * or returns the promise.
 *
 * The stream is the context's body, and begins to flow when all middleware is done, as any body of Koa's; at the latest
 * `commitAfter` after it has opened, for a handler that goes on with it.
 *
 * @returns the stream, once it is open; a closed one if the client had gone, or was answered without a stream.
 * @throws what the source threw before the stream was open.
 * @throws {SseError} `SSE_INVALID_FIELD` if an option is out of range; `SSE_CLOSED` if the response has begun already, or
 * is a stream.
 */
export function eventStream(ctx: StreamContext, source: Source, options: StreamOptions = {}): Promise<SseStream> {
  return new Reply(ctx).open(source, () => options)
}
