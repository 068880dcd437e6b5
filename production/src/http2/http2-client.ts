import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { onTestFinished } from 'vitest'

/** How a client asks for a stream. */
export interface Http2Request {
  /** Default `GET`; a `POST` has a body of two bytes. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it takes what comes; default true. */
  readonly reads?: boolean
}

/** One connection of HTTP/2, which certificate its server may have. Gone when its test has finished. */
export class Http2Client {
  readonly session: ClientHttp2Session
  /** What lies below, which the session itself lets nobody touch. */
  readonly socket: Socket

  private constructor(session: ClientHttp2Session, socket: Socket) {
    this.session = session
    this.socket = socket
  }

  static async connect(url: string): Promise<Http2Client> {
    const { protocol, hostname: host, port } = new URL(url)
    const at = { host, port: Number(port) }
    const socket =
      protocol === 'https:' ? connectTls({ ...at, rejectUnauthorized: false, ALPNProtocols: ['h2'] }) : connectTcp(at)
    const session = connect(url, { createConnection: () => socket })
    // That the other side ends it is what several tests are about.
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
    await once(session, 'connect')
    return new Http2Client(session, socket)
  }

  request(path: string, { method = 'GET', headers = {}, reads = true }: Http2Request = {}): Http2StreamClient {
    const all = { ':path': path, ':method': method, accept: 'text/event-stream', ...headers }
    const stream = this.session.request(all, { endStream: method !== 'POST' })
    if (method === 'POST') stream.end('{}')
    return new Http2StreamClient(stream, reads)
  }

  /** Asks for streams, and has them as soon as all are open. */
  async open(path: string, count: number, request?: Http2Request): Promise<readonly Http2StreamClient[]> {
    const clients = Array.from({ length: count }, () => this.request(path, request))
    await Promise.all(clients.map(({ head }) => head))
    return clients
  }
}

/** What one stream of a connection gets. */
export class Http2StreamClient {
  readonly stream: ClientHttp2Stream
  readonly head: Promise<IncomingHttpHeaders & IncomingHttpStatusHeader>
  /** What a browser would dispatch. */
  readonly events: EventSourceMessage[] = []
  /** Everything that came. */
  text = ''
  /** The reconnection time that the stream has set last, in milliseconds. */
  retry: number | undefined
  /** Whether the server has said that it is complete. */
  hasEnded = false
  readonly #parser = createParser({
    onEvent: (event) => this.events.push(event),
    onRetry: (retry) => {
      this.retry = retry
    },
  })

  constructor(stream: ClientHttp2Stream, reads: boolean) {
    this.stream = stream
    this.head = new Promise((resolve) => stream.once('response', resolve))
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      this.text += text
      this.#parser.feed(text)
    })
    stream.on('end', () => {
      this.hasEnded = true
    })
    // Seen by its code.
    stream.on('error', () => {})
    if (!reads) stream.pause()
  }

  get data(): readonly string[] {
    return this.events.map(({ data }) => data)
  }

  get lastEventId(): string | undefined {
    return this.events.at(-1)?.id
  }
}
