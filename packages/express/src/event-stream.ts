import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Source, SseStream, StreamOptions } from '@sse/core'
import { closedStream } from '@sse/core/adapter'
import { eventStream as coreEventStream } from '@sse/core/node'
import type { Request } from 'express'

/** Any request of Express, whatever the types of its parameters, query and body. */
export type StreamRequest = IncomingMessage & Pick<Request, 'ip' | 'next'>

/**
 * Streams a source to a response, without the middleware: no defaults, and no hub but the one a subscription brings.
 *
 * An error before the stream is open, an option out of range included, goes to the application's error handling, once,
 * as that of `res.sendFile` does: the promise then resolves with a closed stream. It never rejects, so that a handler
 * may await it, return it or leave it. What goes wrong after goes to `onError`.
 *
 * @returns the stream, once it is open; a closed one if the client had gone, or was answered without a stream.
 */
export function eventStream(
  req: StreamRequest,
  res: ServerResponse,
  source: Source,
  options: StreamOptions = {},
): Promise<SseStream> {
  return openStream(req, res, source, () => options)
}

/**
 * As {@link eventStream}; `optionsOf` may throw, which is an error before the stream is open.
 *
 * @internal
 */
export async function openStream(
  req: StreamRequest,
  res: ServerResponse,
  source: Source,
  optionsOf: () => StreamOptions,
): Promise<SseStream> {
  // Taken now: when the source has failed, the request may have left this router.
  const { next } = req
  try {
    const options = optionsOf()
    return await coreEventStream(req, res, source, { ...options, address: options.address ?? req.ip })
  } catch (error) {
    // Outside a router there is nobody else to tell.
    if (next === undefined) throw error
    // `next` takes a falsy error for none, and goes on to the next route.
    next(error || new Error('The source failed without an error.'))
    return closedStream()
  }
}
