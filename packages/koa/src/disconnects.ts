import type { ExtendableContext } from 'koa'

/** What is used of a context. */
export type DisconnectContext = Pick<ExtendableContext, 'onerror' | 'req' | 'res'>

/**
 * Keeps from a context's error handling that its client has gone, which is no error of the application's: Koa tells it
 * as one.
 */
export function ignoreDisconnects(ctx: DisconnectContext): void {
  const { onerror } = ctx
  ctx.onerror = (error) => {
    if (!isDisconnect(error, ctx)) onerror.call(ctx, error)
  }
}

/** An application's own `ECONNRESET` is none: that of the client's socket is, and what a pipe says that has lost it. */
function isDisconnect(error: (Error & Failure) | null | undefined, ctx: DisconnectContext): boolean {
  return error === ctx.req.socket?.errored || (error?.code === 'ERR_STREAM_PREMATURE_CLOSE' && isClosed(ctx.res))
}

interface Failure {
  readonly code?: unknown
}

/** A response of HTTP/2 says it of its stream. */
function isClosed(res: DisconnectContext['res'] & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return (res.stream ?? res).destroyed
}
