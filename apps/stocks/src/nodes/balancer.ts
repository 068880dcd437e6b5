import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import { encodeEvent } from '@sse/core'

/** What a balancer leads requests to. */
export interface Backend {
  readonly name: string
  readonly port: number
}

/** Headers that concern one connection alone, and are not handed on. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

/** When a browser that nobody can serve is to come back, in milliseconds. */
const RETRY = 1_000

/** What makes a balancer. */
export interface BalancerOptions {
  /** Those that can be asked at this moment. */
  readonly backends: () => readonly Backend[]
  /** Is told when a stream has been handed to a backend; `closed` when it has ended. */
  readonly onStream: (req: IncomingMessage, backend: Backend, closed: Promise<void>) => void
}

/**
 * A load balancer as one stands before real nodes, as small as can be: each request goes to the node with the fewest open
 * ones. It knows nothing of events; a browser that has lost its node reconnects by itself, with its `Last-Event-ID`.
 */
export class Balancer {
  readonly #options: BalancerOptions
  readonly #agent = new Agent()
  readonly #open = new Map<string, number>()
  #turns = 0

  constructor(options: BalancerOptions) {
    this.#options = options
  }

  /** Hands a request to a backend, and its answer back. */
  serve(req: IncomingMessage, res: ServerResponse): void {
    this.#try(req, res, this.#options.backends())
  }

  /** Tries the backends, the one with the fewest open requests first, until one answers. */
  #try(req: IncomingMessage, res: ServerResponse, backends: readonly Backend[]): void {
    const backend = this.#choose(backends)
    if (backend === undefined) {
      refuse(req, res)
      return
    }
    this.#count(backend, 1)
    const { method, url, headers } = req
    const asked = request({
      host: '127.0.0.1',
      port: backend.port,
      agent: this.#agent,
      method,
      path: url,
      headers: { ...endToEnd(headers), via: '1.1 balancer' },
    })
    res.once('close', () => {
      this.#count(backend, -1)
      asked.destroy()
    })
    asked.once('response', (answer) => this.#handBack(req, res, backend, answer))
    asked.on('error', () => {
      // Where it has begun to answer, the client is to notice that its stream is broken.
      if (res.headersSent) res.destroy()
      else if (!res.destroyed) this.#tryOthers(req, res, backends, backend)
    })
    if (hasNoBody(req)) asked.end()
    else req.pipe(asked)
  }

  /** What has no body can be asked again; of what has one, some may have been read. */
  #tryOthers(req: IncomingMessage, res: ServerResponse, backends: readonly Backend[], failed: Backend): void {
    this.#try(req, res, hasNoBody(req) ? backends.filter((each) => each !== failed) : [])
  }

  #handBack(req: IncomingMessage, res: ServerResponse, backend: Backend, answer: IncomingMessage): void {
    res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
    res.flushHeaders()
    if (answer.headers['content-type']?.startsWith('text/event-stream')) {
      this.#options.onStream(req, backend, new Promise((resolve) => res.once('close', resolve)))
    }
    // A broken answer breaks the response.
    answer.once('error', () => res.destroy())
    answer.pipe(res)
  }

  #choose(backends: readonly Backend[]): Backend | undefined {
    if (backends.length === 0) return undefined
    this.#turns += 1
    const rotated = backends
      .map((_, i) => backends[(i + this.#turns) % backends.length])
      .filter((each) => each !== undefined)
    return rotated.toSorted((a, b) => this.#openOf(a) - this.#openOf(b))[0]
  }

  #openOf({ name }: Backend): number {
    return this.#open.get(name) ?? 0
  }

  #count(backend: Backend, change: number): void {
    this.#open.set(backend.name, this.#openOf(backend) + change)
  }
}

function hasNoBody({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Any status but 200 would make a browser give up its stream for good. */
function refuse(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.accept?.includes('text/event-stream')) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    res.end(encodeEvent({ retry: RETRY }))
    return
  }
  res.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '1' }).end('{"error":"No node is up"}')
}

function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}
