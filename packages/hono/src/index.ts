import type { AnyEvents } from '@sse/core'
import { type EventStream, eventStreamWith } from './event-stream.ts'
import { openOnWeb } from './open-on-web.ts'
import { middlewareWith, type SseMiddleware, type SseOptions } from './sse.ts'

export * from './exports.ts'

/**
 * Makes the middleware that gives contexts `c.var.sse`.
 *
 * @typeParam E the event map of the hub.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function sse<E extends object = AnyEvents>(options: SseOptions<E> = {}): SseMiddleware<E> {
  return middlewareWith(eventStream, options)
}

/**
 * Streams a source as the response to a request, without the middleware: no defaults, and no hub but the one a
 * subscription brings. The handler returns what it gives.
 *
 * @returns the response, once the stream is open; 204 for a source that is `null`.
 * @throws what the source threw before the stream was open, for `app.onError`; what goes wrong after goes to `onError`.
 * @throws {SseError} `SSE_INVALID_FIELD` if an option is out of range.
 */
export const eventStream: EventStream = eventStreamWith(openOnWeb)
