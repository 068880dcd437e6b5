import type { IncomingMessage, ServerResponse } from 'node:http'
import { deferred } from '@sse/tooling/deferred'
import { onTestFinished } from 'vitest'
import { eventStream as webStream } from '../src/connection/event-stream.ts'
import type { StreamOptions } from '../src/connection/options.ts'
import type { Source } from '../src/connection/source.ts'
import { eventStream as nodeStream } from '../src/node/event-stream.ts'
import { serveHttp } from './http-server.ts'

/** A request for a source, and what the handler is to do with it. */
export interface StreamRequest {
  readonly method?: string
  /** After the slash. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly options?: StreamOptions
}

/** One request and its answer. */
export interface Exchange {
  /** What the client got; an error before open is answered 500, as a framework would. */
  readonly response: Promise<Response>
  /** Resolves when `eventStream` has settled: with its error, if it rejected. */
  readonly settled: Promise<{ readonly error?: unknown }>
  /** The client goes away. */
  leave(): void
}

/** A form in which streams are served. */
export interface Transport {
  readonly name: string
  serve(source: Source, request?: StreamRequest): Exchange
}

/** What is true of a stream on one is true on all. */
export const TRANSPORTS: readonly Transport[] = [
  { name: 'Web', serve: serveWeb },
  { name: 'node:http', serve: serveNode },
]

function serveWeb(source: Source, request: StreamRequest = {}): Exchange {
  const client = new AbortController()
  onTestFinished(() => client.abort())
  const opening = webStream(
    new Request(`http://localhost/${request.path ?? ''}`, init(request, client.signal)),
    source,
    {
      ...request.options,
    },
  )
  return {
    response: opening.catch(() => new Response('failed', { status: 500 })),
    settled: opening.then(
      () => ({}),
      (error: unknown) => ({ error }),
    ),
    leave: () => client.abort(),
  }
}

function serveNode(source: Source, request: StreamRequest = {}): Exchange {
  const client = new AbortController()
  onTestFinished(() => client.abort())
  const { promise: settled, resolve: settle } = deferred<{ readonly error?: unknown }>()
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    nodeStream(req, res, source, { ...request.options }).then(
      () => settle({}),
      (error: unknown) => {
        settle({ error })
        if (!res.headersSent) res.writeHead(500).end('failed')
      },
    )
  }
  const response = serveHttp(handle).then(({ url }) =>
    fetch(`${url}${request.path ?? ''}`, init(request, client.signal)),
  )
  // A client that goes before the answer gets none.
  response.catch(() => {})
  return { response, settled, leave: () => client.abort() }
}

function init({ method = 'GET', headers = {}, body }: StreamRequest, signal: AbortSignal): RequestInit {
  return { method, headers, signal, ...(body !== undefined && { body }) }
}
