import type { AnyEvents, Hub, Source, StreamOptions } from '@sse/core'
import { holdOpen, type MiddlewareOptions, middlewareSettings } from '@sse/core/adapter'
import type { Context, MiddlewareHandler } from 'hono'
import type { EventStream } from './event-stream.ts'

/** What the middleware is made with. */
export type SseOptions<E extends object = AnyEvents> = MiddlewareOptions<Context, E>

/**
 * What the middleware gives a context. An application whose routes are not chained to `app.use(sse())` names it once:
 * `new Hono<{ Variables: SseVariables }>()`.
 *
 * No interface: early versions of Hono 4 want an index signature, which only the type of an object has of itself.
 */
export type SseVariables = {
  /**
   * Answers with an event stream, as `c.json` answers with JSON: call it when the request has been checked, and return
   * what it gives. Without a source the stream stays open until the client goes; `null` answers 204.
   *
   * @param options win over those of the middleware.
   * @returns the response, once the stream is open; rejects with what fails before, for `app.onError`.
   */
  readonly sse: (source?: Source, options?: StreamOptions) => Promise<Response>
}

/** The middleware; `hub` is what it was given, or made. */
export type SseMiddleware<E extends object = AnyEvents> = MiddlewareHandler<{ Variables: SseVariables }> & {
  readonly hub: Hub<E>
}

/** Makes the middleware that gives contexts the `eventStream` of a platform as `c.var.sse`. */
export function middlewareWith<E extends object>(eventStream: EventStream, options: SseOptions<E>): SseMiddleware<E> {
  const { hub, complete } = middlewareSettings(options)
  const handler: MiddlewareHandler<{ Variables: SseVariables }> = async (c, next) => {
    // Async: what the application's own functions throw rejects, as all else does.
    c.set('sse', async (source = holdOpen, own) => eventStream(c, source, complete(c, own)))
    // Not returned: Hono would take what it resolves with, the context, for the response of a handler that has none.
    await next()
  }
  return Object.assign(handler, { hub })
}
