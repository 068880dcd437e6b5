import type { Source, StreamOptions } from '@sse/core'
import { type Respond, responseOf } from '@sse/core/adapter'
import type { Context } from 'hono'

/** Streams a source as the response to a request. */
export type EventStream = (c: Context, source: Source, options?: StreamOptions) => Promise<Response>

/** How a platform opens a stream: it responds when the stream opens, and never if the client has gone before. */
export type OpenStream = (exchange: Exchange, source: Source, options: StreamOptions) => Promise<unknown>

/** A request, and how it is answered. */
export interface Exchange {
  readonly c: Context
  readonly respond: Respond<ReadableStream<Uint8Array>>
}

/** The status of a response that nobody will get, since the client has gone. */
const CLIENT_CLOSED_REQUEST = 499

/** Makes the `eventStream` of a platform. */
export function eventStreamWith(open: OpenStream): EventStream {
  return async (c, source, options = {}) => {
    let response: Response | undefined
    const respond: Exchange['respond'] = (head, body) => {
      // An empty response has what was said with `c.status` and `c.header`, of which there is no other way to hear.
      response = responseOf(head, body, c.newResponse(null))
    }
    await open({ c, respond }, source, options)
    return response ?? new Response(null, { status: CLIENT_CLOSED_REQUEST })
  }
}
