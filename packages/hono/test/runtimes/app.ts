import { adapterApp } from '@sse/core/testing/app'
import { type SseVariables, sse } from '@sse/hono'
import { type Handler, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

type Env = { Variables: SseVariables }

/**
 * The application that the contract of adapters asks for, at any path of one part.
 *
 * @param middleware is the package's, as published, unless it is a file of its source.
 */
export function contractApp(middleware: typeof sse = sse): Hono<Env> {
  const { hub, routes, refusal, handled, control } = adapterApp()
  const app = new Hono<Env>().basePath('/:server')
  app.use(async (c, next) => {
    await next()
    c.header('X-Outer', 'after')
    c.header('Set-Cookie', 'outer=1', { append: true })
  })
  app.use(async (c, next) => {
    c.header('Set-Cookie', 'inner=1', { append: true })
    await next()
  })
  const refuse: Handler<Env> = (c) => c.json(refusal.body, statusOf(refusal))
  app.get('/refused-plainly', refuse)
  app.use(middleware({ hub }))
  app.get('/refused', refuse, (c) => c.var.sse(hub.subscribe('hub')))
  for (const { method, path, before, source, options } of routes) {
    app.on(method, path, async (c) => {
      const body: unknown = method === 'POST' ? await c.req.json() : undefined
      if (before !== undefined) await before()
      return c.var.sse(source({ body }), options)
    })
  }
  app.post('/control', async (c) => c.json(await control(await c.req.json())))
  app.get('/entry', (c) => c.text(entry()))
  app.get('/addresses', (c) => c.json(Array.from(hub.connections, ({ address }) => address ?? null)))
  app.get('/unguarded', (c) => c.body(new ReadableStream({ start: (body) => body.enqueue(encoder.encode('begun')) })))
  app.onError((error, c) => {
    const answer = handled(error)
    return c.json(answer.body, statusOf(answer))
  })
  return app
}

/** The file that the runtime takes for the package; a bundle has none. */
function entry(): string {
  return import.meta.resolve?.('@sse/hono') ?? 'bundled'
}

/** What the contract answers has a body. */
function statusOf({ status }: { readonly status: number }): ContentfulStatusCode {
  return status as ContentfulStatusCode
}

const encoder = new TextEncoder()
const apps = new Map<string, Hono<Env>>()

/** Serves an application for each first part of a path: what one does concerns no other. */
export function fetch(request: Request, env?: unknown): Response | Promise<Response> {
  const name = new URL(request.url).pathname.split('/')[1] ?? ''
  const app = apps.get(name) ?? contractApp()
  apps.set(name, app)
  return app.fetch(request, env)
}
