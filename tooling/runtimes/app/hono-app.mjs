import { sse } from '@sse/hono'
import { Hono } from 'hono'
import { makeSite } from './site.mjs'

/** A site by Hono. */
export function honoApp() {
  const { hub, source, answer } = makeSite()
  const app = new Hono()
  app.use(sse({ hub }))
  app.get('/events', (c) => c.var.sse(source()))
  app.get('*', async (c) => c.text(await answer(new URL(c.req.url))))
  return app.fetch
}
