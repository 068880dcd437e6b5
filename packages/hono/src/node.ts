import type { AnyEvents, Source, StreamOptions } from '@sse/core'
import type { Context } from 'hono'
import { eventStreamFor } from './event-stream.ts'
import { openOnNode } from './open-on-node.ts'
import { middlewareFor, type SseMiddleware, type SseOptions } from './sse.ts'

export * from './exports.ts'

/** {@inheritDoc sse} */
export const sse: <E extends object = AnyEvents>(options?: SseOptions<E>) => SseMiddleware<E> =
  middlewareFor(openOnNode)

export const eventStream: (c: Context, source: Source, options?: StreamOptions) => Promise<Response> =
  eventStreamFor(openOnNode)
