import type { AnyEvents, Hub, Source, SseStream, StreamOptions } from '@sse/core'
import { holdOpen, type MiddlewareOptions, middlewareSettings } from '@sse/core/adapter'
import type { Context, Middleware } from 'koa'
import { Handling } from './handling.ts'

/** What the middleware is made with. */
export type SseOptions<E extends object = AnyEvents> = MiddlewareOptions<Context, E>

/** The middleware; `hub` is what it was given, or made. */
export interface SseMiddleware<E extends object = AnyEvents> extends Middleware {
  readonly hub: Hub<E>
}

declare module 'koa' {
  interface ExtendableContext {
    /**
     * Answers with an event stream: call it when the request has been checked. Without a source the stream stays open
     * until its `close()`, or until the client goes; `null` answers 204.
     *
     * It rejects with what fails before the stream is open. Where the handler does not wait for it, the middleware does.
     *
     * @param options win over those of the middleware.
     * @returns the stream, once it is open.
     */
    sse: (source?: Source, options?: StreamOptions) => Promise<SseStream>
  }
}

/**
 * Makes the middleware that gives contexts their `sse` method.
 *
 * @typeParam E the event map of the hub.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function sse<E extends object = AnyEvents>(options: SseOptions<E> = {}): SseMiddleware<E> {
  const { hub, complete } = middlewareSettings(options)
  const middleware: Middleware = async (ctx, next) => {
    const handling = new Handling(ctx)
    // Not a method: it may be taken off its context, as handlers do with what they need of one.
    ctx.sse = (source = holdOpen, own) => handling.open(source, () => complete(ctx, own))
    try {
      await next()
    } catch (error) {
      handling.failed()
      throw error
    }
    await handling.done()
  }
  return Object.assign(middleware, { hub })
}
