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
    // What outer middleware does when `next()` has come back, and has awaited something of its own.
    for (let n = 0; n < 20; n++) await null
    if (response.headersSent) return
    response.setHeader('X-Outer', 'after')
    response.appendHeader('Set-Cookie', 'outer=1')
  })
}

/** What a server of the Web form is made of. */
export interface WebParts {
  /** The application that is mounted. */
  readonly app: (app: AdapterApp) => AdapterApp
  /** The adapter. */
  readonly stream: (request: Request, source: Source, options: StreamOptions) => Promise<Response>
  /** The middleware around the handler. */
  readonly middleware: (response: Response, request: Request) => Response
  /** The way to the socket. */
  readonly send: (response: Response, outgoing: ServerResponse) => Promise<void>
}

const PARTS: WebParts = {
  app: (app) => app,
  stream: webStream,
  middleware: (response) => {
    response.headers.append('Set-Cookie', 'inner=1')
    response.headers.set('X-Outer', 'after')
    response.headers.append('Set-Cookie', 'outer=1')
    return response
  },
  send: toNode,
}

/** Serves the application of the contract with the Web form, behind a bridge to `node:http`. */
export function serveWebForm(parts: Partial<WebParts> = {}): Promise<AdapterServer> {
  const { app: mount, stream, middleware, send } = { ...PARTS, ...parts }
  const app = mount(adapterApp())
  return listen(async (incoming, outgoing) => {
    const body = await buffer(incoming)
    const request = toWeb(incoming, outgoing, body)
    const response = await respond(app, request, { body: String(body), stream })
    await send(middleware(response, request), outgoing)
  })
}

function respond(
  app: AdapterApp,
  request: Request,
  { body, stream }: { body: string; stream: WebParts['stream'] },
): Promise<Response> {
  return new Promise((resolve) => {
    const { method, url } = request
    void handle(app, {
      method,
      url,
      body,
      stream: async (source, options) => resolve(await stream(request, source, options)),
      answer: (status, value) => resolve(Response.json(value, { status })),
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
