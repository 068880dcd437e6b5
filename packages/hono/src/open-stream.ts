import type { Source, StreamOptions } from '@sse/core'
import { type HeaderTarget, openWebStream, type Respond, setHeaders } from '@sse/core/adapter'
import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'

/** How a stream is opened on a platform: it answers the request that a context is of. */
export type OpenStream = (
  c: Context,
  respond: Respond<ReadableStream<Uint8Array>>,
  source: Source,
  options: StreamOptions,
) => Promise<unknown>

/** On Web standards alone. */
export const openOnWeb: OpenStream = (c, respond, source, options) => {
  keepOpen(c)
  return openWebStream({ request: c.req.raw, respond }, source, options)
}

/** The status of a response that nobody will get, since the client has gone. */
const CLIENT_CLOSED_REQUEST = 499

/** Streams a source; resolves with the response, which the handler returns. */
export async function responseOf(
  c: Context,
  open: OpenStream,
  source: Source,
  options: StreamOptions,
): Promise<Response> {
  let response: Response | undefined
  const respond: Respond<ReadableStream<Uint8Array>> = (head, body) => {
    setHeaders(head, headersOf(c))
    // An integer from 200 to 599: it has been checked.
    if (head.status !== undefined) c.status(head.status as StatusCode)
    response = c.newResponse(body ?? null)
  }
  await open(c, respond, source, options)
  return response ?? new Response(null, { status: CLIENT_CLOSED_REQUEST })
}

/** What the handler and its middleware have set with `c.header` counts, too. */
function headersOf(c: Context): HeaderTarget {
  const append = (name: string, value: string | readonly string[]): void => {
    for (const one of typeof value === 'string' ? [value] : value) c.header(name, one, { append: true })
  }
  return {
    hasHeader: (name) => c.res.headers.has(name),
    setHeader: (name, value) => {
      c.header(name, undefined)
      append(name, value)
    },
    appendHeader: append,
  }
}

/** What Bun's server offers: it cuts a stream on which nothing happens for ten seconds, unless told not to. */
interface BunServer {
  timeout?: (request: Request, seconds: number) => void
}

function keepOpen(c: Context): void {
  const server: BunServer | undefined = c.env
  server?.timeout?.(c.req.raw, 0)
}
