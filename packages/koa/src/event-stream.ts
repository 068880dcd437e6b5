import { Readable } from 'node:stream'
import type { Source, SseStream, StreamOptions } from '@sse/core'
import { type Respond, type ResponseHead, setHeaders } from '@sse/core/adapter'
import { openBody } from '@sse/core/node'
import type { ExtendableContext } from 'koa'

/** What is used of a context: any context of Koa, whatever the types of its state and body. */
export type StreamContext = Pick<
  ExtendableContext,
  'app' | 'body' | 'headerSent' | 'ip' | 'onerror' | 'req' | 'res' | 'status'
> & {
  respond?: boolean
}

const DEFAULT_COMMIT_AFTER = 100

/**
 * Streams a source, without the middleware: no defaults, and no hub but the one a subscription brings.
 *
 * The stream is the context's body, and begins to flow when all middleware is done, as any body of Koa's. Where the
 * handler itself goes on with the stream, it begins after `commitAfter`.
 *
 * @returns the stream, once it is open; a closed one if the client had gone, or was answered without a stream.
 * @throws what the source threw before the stream was open.
 * @throws {SseError} `SSE_INVALID_FIELD` if an option is out of range; `SSE_CLOSED` if the response has begun already.
 */
export function eventStream(ctx: StreamContext, source: Source, options: StreamOptions = {}): Promise<SseStream> {
  const respond: Respond<Readable> = (head, body) => {
    if (body instanceof Readable) begin(ctx, { head, body, commitAfter: options.commitAfter ?? DEFAULT_COMMIT_AFTER })
    else answer(ctx, head, body)
  }
  const exchange = { request: ctx.req, response: ctx.res, respond }
  return openBody(exchange, source, { ...options, address: options.address ?? ctx.ip })
}

interface Beginning {
  readonly head: ResponseHead
  readonly body: Readable
  readonly commitAfter: number
}

function begin(ctx: StreamContext, { head, body, commitAfter }: Beginning): void {
  if (head.status !== undefined) ctx.status = head.status
  setHeaders(head, ctx.res)
  ctx.body = body
  ignoreDisconnects(ctx)
  // Koa pipes a body when all middleware is done. A handler that sends in a loop would wait for that for ever.
  const timer = setTimeout(() => {
    if (body.readableFlowing !== null || body.destroyed || ctx.body !== body) return
    ctx.respond = false
    body.pipe(ctx.res)
  }, commitAfter)
  body.once('resume', () => clearTimeout(timer))
  body.once('close', () => clearTimeout(timer))
}

/** A response that is no stream: the answer to `HEAD`, to nothing to come, and to no room. */
function answer(ctx: StreamContext, head: ResponseHead, text: string | undefined): void {
  // Koa takes no body for none, and says 204; an empty stream is a body without a length.
  ctx.body = head.status === undefined || text !== undefined ? Readable.from(text === undefined ? [] : [text]) : null
  if (head.status !== undefined) ctx.status = head.status
  ctx.res.removeHeader('Content-Type')
  setHeaders(head, ctx.res)
}

/** A client that has gone is no error of the application's; Koa tells it as one. */
function ignoreDisconnects(ctx: StreamContext): void {
  const { onerror } = ctx
  ctx.onerror = (error) => {
    if (!(ctx.headerSent && isDisconnect(error))) onerror.call(ctx, error)
  }
}

const DISCONNECTS: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'])

function isDisconnect(error: Error & { readonly code?: unknown }): boolean {
  return DISCONNECTS.has(error?.code)
}
