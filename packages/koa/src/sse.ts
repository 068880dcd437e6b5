import type { AnyEvents, Hub, Source, SseStream, StreamOptions } from '@sse/core'
import { holdOpen, type MiddlewareOptions, middlewareSettings } from '@sse/core/adapter'
import type { Context, Middleware } from 'koa'
import { eventStream } from './event-stream.ts'
import { Opening } from './opening.ts'

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
    sse(source?: Source, options?: StreamOptions): Promise<SseStream>
  }
}

/** What was opened for a context. */
const openings = new WeakMap<object, Opening>()

/**
 * Makes the middleware that gives contexts their `sse` method.
 *
 * @typeParam E the event map of the hub.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function sse<E extends object = AnyEvents>(options: SseOptions<E> = {}): SseMiddleware<E> {
  const { hub, complete } = middlewareSettings(options)
  // One method for all contexts: nothing is made for a request that does not stream.
  function open(this: Context, source: Source = holdOpen, own?: StreamOptions): Promise<SseStream> {
    const opening = new Opening((resolve) => resolve(openStream(this, source, own)))
    openings.set(this, opening)
    return opening
  }
  async function openStream(ctx: Context, source: Source, own: StreamOptions | undefined): Promise<SseStream> {
    return eventStream(ctx, source, complete(ctx, own))
  }
  const middleware: Middleware = async (ctx, next) => {
    ctx.sse = open
    await next()
    await opened(ctx)
  }
  return Object.assign(middleware, { hub })
}

/** Waits for a stream that the handler may not have waited for: else Koa would answer 404. */
async function opened(ctx: object): Promise<void> {
  const opening = openings.get(ctx)
  if (opening === undefined) return
  const { error } = await opening.settled()
  if (error !== undefined && !opening.isAwaited) throw error
}
