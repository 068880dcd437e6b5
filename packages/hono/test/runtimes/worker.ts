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
const hub = createHub()
app.get('/plain/hub', sse({ hub }), (c) => c.var.sse(hub.subscribe('news')))
app.get('/plain/publish', async (c) => c.text(await hub.publish('news', { data: 'news' })))

// What is made in a request: with a hub of its own, whose timer is the request's, too.
app.get('/plain/own/:ms', (c) => {
  const source = async function* (): AsyncGenerator<string> {
    yield 'begun'
    await new Promise((resolve) => setTimeout(resolve, Number(c.req.param('ms'))))
    yield 'done'
  }
  return eventStream(c, source, { hub: createHub({ heartbeat: 20 }) })
})

app.all('/:server/*', (c) => c.env.STREAMS.getByName(c.req.param('server')).fetch(c.req.raw))

export default app
