import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Source, SseStream, StreamOptions } from '@sse/core'
import { type Respond, type ResponseHead, setHeaders } from '@sse/core/adapter'
import { eventStream, openBody } from '@sse/core/node'

/** A request and its response, as the platform below Nest calls them. */
export interface PlatformExchange {
  /** Those of Node's. */
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /**
   * Streams a source as the platform sends its responses.
   *
   * @throws what the source threw before the stream was open.
   */
  open(source: Source, options: StreamOptions): Promise<SseStream>
  /** Calls back when the handler may end. */
  whenAnswered(done: () => void): void
}

/** Express's request and response are Node's own, with more; Fastify's have them. */
export function platformExchange(request: object, response: object): PlatformExchange {
  return isReply(response)
    ? new FastifyExchange(request as FastifyRequest, response)
    : new NodeExchange(request as NodeRequest, response as ServerResponse)
}

interface NodeRequest extends IncomingMessage {
  readonly ip?: string
}

class NodeExchange implements PlatformExchange {
  readonly incoming: NodeRequest
  readonly outgoing: ServerResponse

  constructor(incoming: NodeRequest, outgoing: ServerResponse) {
    this.incoming = incoming
    this.outgoing = outgoing
  }

  open(source: Source, options: StreamOptions): Promise<SseStream> {
    return eventStream(this.incoming, this.outgoing, source, withAddress(options, this.incoming.ip))
  }

  whenAnswered(done: () => void): void {
    done()
  }
}

interface FastifyRequest {
  readonly raw: IncomingMessage
  readonly ip?: string
}

/** What is used of Fastify's reply. */
interface FastifyReply {
  readonly raw: ServerResponse
  code(status: number): unknown
  hasHeader(name: string): boolean
  header(name: string, value: unknown): unknown
  hijack(): unknown
  send(body?: unknown): unknown
}

function isReply(response: object): response is FastifyReply {
  return 'raw' in response && 'send' in response && 'code' in response
}

/** Fastify sends a response when its hooks have had their say, so it is given a body. */
class FastifyExchange implements PlatformExchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly #ip: string | undefined
  readonly #reply: FastifyReply
  #waitsForHooks = false
  #done: (() => void) | undefined

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.incoming = request.raw
    this.outgoing = reply.raw
    this.#ip = request.ip
    this.#reply = reply
  }

  open(source: Source, options: StreamOptions): Promise<SseStream> {
    const respond: Respond<Readable> = (head, body) => this.#respond(head, body)
    return openBody(
      { request: this.incoming, response: this.outgoing, respond },
      source,
      withAddress(options, this.#ip),
    )
  }

  /** Not before all hooks have had their say: else Nest would keep what it has of the request as long as the stream. */
  whenAnswered(done: () => void): void {
    if (this.#waitsForHooks) this.#done = done
    else done()
  }

  #respond(head: ResponseHead, body: Readable | string | undefined): void {
    const reply = this.#reply
    if (head.status !== undefined) reply.code(head.status)
    setHeaders(head, {
      hasHeader: (name) => reply.hasHeader(name),
      setHeader: (name, value) => reply.header(name, value),
      appendHeader: (name, value) => {
        // It adds cookies to its own, and puts these in the place of what is set on the raw response.
        const cookies = reply.raw.getHeader(name)
        reply.raw.removeHeader(name)
        if (cookies !== undefined) reply.header(name, cookies)
        reply.header(name, value)
      },
    })
    if (body instanceof Readable) {
      this.#waitsForHooks = true
      body.once('resume', () => this.#begun())
    }
    // Without a body Fastify would tell its length.
    reply.send(this.incoming.method === 'HEAD' ? Readable.from([]) : body)
  }

  /** The body is being sent: it is no handler any more that may take too long. */
  #begun(): void {
    this.#waitsForHooks = false
    this.#reply.hijack()
    this.#done?.()
  }
}

function withAddress(options: StreamOptions, ip: string | undefined): StreamOptions {
  return ip === undefined ? options : { ...options, address: options.address ?? ip }
}
