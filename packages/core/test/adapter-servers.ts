import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { eventStream as webStream } from '../src/connection/event-stream.ts'
import type { StreamOptions } from '../src/connection/options.ts'
import type { Source } from '../src/connection/source.ts'
import { eventStream as nodeStream } from '../src/node/event-stream.ts'
import type { AdapterServer } from '../src/testing/adapter-stage.ts'
import { type AdapterApp, adapterApp } from '../src/testing/app/adapter-app.ts'
import { toNode, toWeb } from './web-bridge.ts'

/** Serves the application of the contract with Node's form of `eventStream`, and no framework. */
export function serveNodeForm(): Promise<AdapterServer> {
  const app = adapterApp()
  return listen(async (request, response) => {
    const body = await buffer(request)
    response.appendHeader('Set-Cookie', 'inner=1')
    const stream = (source: Source, options: StreamOptions): Promise<unknown> =>
      nodeStream(request, response, source, options)
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    }
    const { method = 'GET', url = '/' } = request
    void handle(app, { method, url, body: String(body), stream, answer })
    // What outer middleware does when `next()` has come back.
    if (response.headersSent) return
    response.setHeader('X-Outer', 'after')
    response.appendHeader('Set-Cookie', 'outer=1')
  })
}

/** How the Web form of a server streams, that of `eventStream` unless a test makes its own. */
export type WebStream = (request: Request, source: Source, options: StreamOptions) => Promise<Response>

/** Serves the application of the contract with the Web form, behind a bridge to `node:http`. */
export function serveWebForm(stream: WebStream = webStream, send: typeof toNode = toNode): Promise<AdapterServer> {
  const app = adapterApp()
  return listen(async (incoming, outgoing) => {
    const body = await buffer(incoming)
    const request = toWeb(incoming, outgoing, body)
    const response = await fetchOf(app, request, { body: String(body), stream })
    response.headers.append('Set-Cookie', 'inner=1')
    response.headers.set('X-Outer', 'after')
    response.headers.append('Set-Cookie', 'outer=1')
    await send(response, outgoing)
  })
}

function fetchOf(app: AdapterApp, request: Request, { body, stream }: { body: string; stream: WebStream }) {
  return new Promise<Response>((resolve) => {
    const { method, url } = request
    const answer = (status: number, value: unknown): void => resolve(Response.json(value, { status }))
    void handle(app, {
      method,
      url,
      body,
      stream: async (source, options) => resolve(await stream(request, source, options)),
      answer,
    })
  })
}

/** One request, and how to answer it. */
interface Exchange {
  readonly method: string
  readonly url: string
  readonly body: string
  stream(source: Source, options: StreamOptions): Promise<unknown>
  answer(status: number, value: unknown): void
}

/** Routes a request as a framework would. Never rejects. */
async function handle(app: AdapterApp, exchange: Exchange): Promise<void> {
  const { method, url, body, answer } = exchange
  const { pathname } = new URL(url, 'http://localhost')
  try {
    if (pathname === '/control') return answer(200, await app.control(JSON.parse(body)))
    if (pathname.startsWith('/refused')) return answer(app.refusal.status, app.refusal.body)
    const routed = method === 'HEAD' ? 'GET' : method
    const route = app.routes.find((one) => one.path === pathname && one.method === routed)
    if (route === undefined) return answer(404, { error: 'no such route' })
    if (route.before !== undefined) await route.before()
    const parsed: unknown = body === '' ? undefined : JSON.parse(body)
    await exchange.stream(route.source({ body: parsed }), { hub: app.hub, ...route.options })
  } catch (error) {
    const { status, body: said } = app.handled(error)
    answer(status, said)
  }
}

async function listen(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<AdapterServer> {
  const server: Server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    server,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
