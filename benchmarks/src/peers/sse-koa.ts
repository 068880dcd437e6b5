import { once } from 'node:events'
import { createHub } from '@sse/core'
import { sse } from '@sse/koa'
import Koa from 'koa'
import { requestedCount, ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** `@sse/koa`: the middleware, and `ctx.sse` in a handler. */
export const peer: Peer = {
  packages: ['@sse/koa', 'koa'],
  async start() {
    const hub = createHub<{ message: string }>()
    const app = new Koa()
    app.use(sse({ hub }))
    app.use((ctx) => ctx.sse(ctx.path === '/generator' ? ticks(requestedCount(ctx.url)) : hub.subscribe('bench')))
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      server,
      publish: (data) => void hub.publish('bench', { data }),
      publishForId: (data) => hub.publish('bench', { data }),
    }
  },
}
