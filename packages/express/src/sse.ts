import type { AnyEvents, Hub, Source, SseStream, StreamOptions } from '@sse/core'
import { holdOpen, type MiddlewareOptions, middlewareSettings } from '@sse/core/adapter'
import type { Request, RequestHandler, Response } from 'express'
import { openStream } from './event-stream.ts'

/** What the middleware is made with. */
export type SseOptions<E extends object = AnyEvents> = MiddlewareOptions<Request, E>

/** The middleware; `hub` is what it was given, or made. */
export interface SseMiddleware<E extends object = AnyEvents> extends RequestHandler {
  readonly hub: Hub<E>
}

declare global {
  namespace Express {
    interface Response {
      /**
       * Answers with an event stream, as `res.json` answers with JSON: call it when the request has been checked.
       * Without a source the stream stays open until its `close()`, or until the client goes; `null` answers 204.
       *
       * An error before the stream is open goes to the application's error handling, once. The promise then resolves
       * with a closed stream; it never rejects.
       *
       * @param options win over those of the middleware.
       * @returns the stream, once it is open.
       */
      sse(source?: Source, options?: StreamOptions): Promise<SseStream>
    }
  }
}

/**
 * Makes the middleware that gives responses their `sse` method.
 *
 * @typeParam E the event map of the hub.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function sse<E extends object = AnyEvents>(options: SseOptions<E> = {}): SseMiddleware<E> {
  const { hub, complete } = middlewareSettings(options)
  // One method for all responses: nothing is made for a request that does not stream.
  function send(this: Response, source: Source = holdOpen, own?: StreamOptions): Promise<SseStream> {
    return openStream(this.req, this, source, () => complete(this.req, own))
  }
  const handler: RequestHandler = (_req, res, next) => {
    res.sse = send
    next()
  }
  return Object.assign(handler, { hub })
}
