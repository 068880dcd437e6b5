import Router from '@koa/router'
import { createHub, type Hub } from '@sse/core'
import { sse } from '@sse/koa'
import Koa from 'koa'
import type { NewsEvents, Opened } from './events.ts'
import { topicsOf } from './filters.ts'
import { createNewsroom, type Newsroom } from './newsroom.ts'
import { servePage } from './page.ts'

/** How many stories a first visit begins with. */
const REPLAY = 20

/** The demo without its clock and its socket: whoever has it publishes (see `press.ts`) and listens. */
export interface News {
  readonly app: Koa
  readonly hub: Hub<NewsEvents>
  readonly newsroom: Newsroom
}

/** Makes the demo: a hub, a newsroom, and the routes that the page uses. */
export function createNews({ seed }: { readonly seed: number }): News {
  // A reader may be away for as long as these last: about two hours of news.
  const hub = createHub<NewsEvents>({ ring: { maxEvents: 2_000 }, retry: { min: 1_000, max: 2_000 } })
  const newsroom = createNewsroom({ seed })
  const router = new Router()

  // Who brings an id, as header or as `?lastEventId=`, is sent what it missed; who brings none, the newest stories.
  router.get('/events', (ctx) => {
    const topics = topicsOf([ctx.query.filter ?? []].flat())
    if (topics === undefined) return ctx.throw(400, 'Unknown `filter`')
    return ctx.sse(async (stream) => {
      const opened: Opened = { topics, newest: newsroom.newest }
      // First of all, and to this reader alone.
      await stream.send({ event: 'opened', data: opened })
      return hub.subscribe(topics, { replay: REPLAY })
    })
  })

  router.get('/stats', (ctx) => {
    ctx.body = hub.stats()
  })

  const app = new Koa()
  app.use(sse({ hub }))
  app.use(router.routes())
  app.use(router.allowedMethods())
  app.use(servePage())
  return { app, hub, newsroom }
}
