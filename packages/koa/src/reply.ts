import { pipeline, Readable } from 'node:stream'
import { type Source, SseError, type SseStream, type StreamOptions } from '@sse/core'
import { DEFAULT_COMMIT_AFTER, type ResponseHead, setHeaders } from '@sse/core/adapter'
import { openBody } from '@sse/core/node'
import type { ExtendableContext } from 'koa'
import { ignoreDisconnects } from './disconnects.ts'

/** What is used of a context: any context of Koa, whatever the types of its state and body. */
export type StreamContext = Pick<ExtendableContext, 'app' | 'body' | 'ip' | 'onerror' | 'req' | 'res' | 'status'> & {
  respond?: boolean | undefined
}

/** Responses that are streams, or are about to be. */
const streaming = new WeakSet<object>()

/**
 * A stream as the body of a context, which Koa sends when all middleware is done.
 *
 * Until then other middleware may set headers, wrap the body, replace it, or fail; and a handler may go on for as long
 * as its stream lasts, in which case nobody but us would ever send it.
 */
export class Reply {
  readonly #ctx: StreamContext
  #commitAfter = DEFAULT_COMMIT_AFTER
  #stream: SseStream | undefined
  #head: ResponseHead | undefined
  #body: Readable | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #isWithdrawn = false

  constructor(ctx: StreamContext) {
    this.#ctx = ctx
  }

  /**
   * Opens the stream of a source; not twice, unless the first has failed.
   *
   * @param optionsOf may throw, which is an error before the stream is open.
   */
  async open(source: Source, optionsOf: () => StreamOptions): Promise<SseStream> {
    const { req, res } = this.#ctx
    if (streaming.has(res)) throw new SseError('SSE_CLOSED', 'The response is a stream already: it cannot be another.')
    streaming.add(res)
    ignoreDisconnects(this.#ctx)
    try {
      const options = optionsOf()
      this.#commitAfter = options.commitAfter ?? DEFAULT_COMMIT_AFTER
      const respond = (head: ResponseHead, body?: Readable | string): void => this.#respond(head, body)
      const exchange = { request: req, response: res, respond }
      const address = options.address ?? addressOf(this.#ctx)
      this.#stream = await openBody(exchange, source, address === undefined ? options : { ...options, address })
      return this.#stream
    } catch (error) {
      streaming.delete(res)
      // Koa takes no error for none, and would never answer.
      throw error ?? new Error('The source failed without an error.')
    }
  }

  /** The handler is done: nobody but Koa sends the body any more, unless it was told not to. */
  handled(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#ctx.respond === false) this.#send()
  }

  /** The handler has failed: its error is the answer. One that has begun ends with what was sent. */
  withdraw(): void {
    this.#isWithdrawn = true
    clearTimeout(this.#timer)
    if (this.#body === undefined) return
    if (this.#ctx.res.headersSent) return this.#stream?.close()
    this.#body.destroy()
    if (this.#ctx.body === this.#body) this.#clear()
  }

  #respond(head: ResponseHead, body: Readable | string | undefined): void {
    if (this.#isWithdrawn) return drop(body)
    this.#setHead(head)
    if (body instanceof Readable) this.#give(body)
    else this.#answer(head, body)
  }

  #setHead(head: ResponseHead): void {
    const ctx = this.#ctx
    // Of a page that other middleware has made, since there was no answer yet.
    if (ctx.body != null) ctx.res.removeHeader('Content-Type')
    // 404 is what Koa begins with.
    if (head.status !== undefined || ctx.status === 404) ctx.status = head.status ?? 200
    setHeaders(head, ctx.res)
    this.#head = head
  }

  #give(body: Readable): void {
    const ctx = this.#ctx
    this.#body = body
    ctx.body = body
    body.once('resume', () => {
      if (ctx.body !== body && isCompressor(ctx.body)) flushAfter(body, ctx.body)
    })
    this.#timer = setTimeout(() => this.#send(), this.#commitAfter).unref()
  }

  /** A response that is no stream: the answer to `HEAD`, to nothing to come, and to no room. */
  #answer({ status }: ResponseHead, text: string | undefined): void {
    const ctx = this.#ctx
    const { res } = ctx
    const hasType = res.hasHeader('Content-Type')
    // The head of a stream has no length: a text, also an empty one, would have.
    if (status === 204) ctx.body = null
    else ctx.body = ctx.req.method === 'HEAD' ? Readable.from([]) : (text ?? '')
    if (!hasType) res.removeHeader('Content-Type')
    if (ctx.respond === false) res.end(text)
  }

  /** Sends what Koa does not, or not yet. */
  #send(): void {
    const ctx = this.#ctx
    const body = this.#body
    if (body === undefined || body.destroyed || body.readableFlowing !== null) return
    if (ctx.body !== body || ctx.res.writableEnded) return
    ctx.respond = false
    // What went wrong is known: one of both has closed.
    pipeline(body, ctx.res, () => {})
  }

  /** Leaves the context as if there had been no stream. */
  #clear(): void {
    const ctx = this.#ctx
    ctx.body = undefined
    ctx.status = 404
    const { defaults = {} } = this.#head ?? {}
    for (const name in defaults) if (ctx.res.getHeader(name) === defaults[name]) ctx.res.removeHeader(name)
  }
}

/** Only a proxy's word is read from the request: to ask the system for the peer costs, and can wait. */
function addressOf(ctx: StreamContext): string | undefined {
  return ctx.app.proxy ? ctx.ip : undefined
}

/** Closes a stream that nobody is given any more, as soon as it is open. */
function drop(body: Readable | string | undefined): void {
  if (body instanceof Readable) process.nextTick(() => body.destroy())
}

/** What makes a compressor pass on what it holds. */
interface Compressor {
  flush(): void
}

function isCompressor(body: unknown): body is Compressor {
  return typeof body === 'object' && body !== null && 'flush' in body && typeof body.flush === 'function'
}

/** A compressor waits for more, unless it is told not to: an event would come with the next one, or the one after. */
function flushAfter(body: Readable, compressor: Compressor): void {
  body.on('data', () => compressor.flush())
}
