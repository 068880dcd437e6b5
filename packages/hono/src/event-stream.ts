import type { Source, StreamOptions } from '@sse/core'
import type { Context } from 'hono'
import { type OpenStream, responseOf } from './open-stream.ts'

/** As `eventStream`, for a platform. */
export function eventStreamFor(
  open: OpenStream,
): (c: Context, source: Source, options?: StreamOptions) => Promise<Response> {
  return (c, source, options = {}) => responseOf(c, open, source, options)
}
