import { createHub, eventStream, type SseVariables, sse } from '@sse/hono'
import { Hono } from 'hono'
import { contractApp } from './app.ts'

/** The part of a namespace of Durable Objects that is used here. */
interface Namespace {
  getByName(name: string): { fetch(request: Request): Promise<Response> }
}

type Env = { Bindings: { STREAMS: Namespace }; Variables: SseVariables }

/** Holds a hub and the streams of its clients: all its requests are served in one place. */
export class Streams {
  readonly #app = contractApp()

  fetch(request: Request): Response | Promise<Response> {
    return this.#app.fetch(request)
  }
}

const app: Hono<Env> = new Hono<Env>()

// A plain Worker, whose hub is made where nothing may be done yet.
const hub = createHub({ heartbeat: 20 })
app.use('/plain/*', sse({ hub }))
app.get('/plain/hub', (c) => c.var.sse(hub.subscribe('news')))
app.get('/plain/publish', async (c) => c.text(await hub.publish('news', { data: 'news' })))
app.get('/plain/shared/:ms', (c) => c.var.sse(words(Number(c.req.param('ms')))))

// With a hub for each request, whose timer is the request's, too.
app.get('/plain/own/:ms', (c) =>
  eventStream(c, words(Number(c.req.param('ms'))), { hub: createHub({ heartbeat: 20 }) }),
)

async function* words(ms: number): AsyncGenerator<string> {
  yield 'begun'
  await new Promise((resolve) => setTimeout(resolve, ms))
  yield 'done'
}

app.all('/:server/*', (c) => c.env.STREAMS.getByName(c.req.param('server')).fetch(c.req.raw))

export default app
