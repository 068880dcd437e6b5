import { once } from 'node:events'
import { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { createHub } from '@sse/core'
import { sse } from '@sse/hono'
import { Hono } from 'hono'
import { ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** `@sse/hono` on `@hono/node-server`: the middleware, and `c.var.sse` in a handler. */
export const peer: Peer = {
  packages: ['@sse/hono', 'hono', '@hono/node-server'],
  async start() {
    const hub = createHub<{ message: string }>()
    const app = new Hono()
      .use(sse({ hub }))
      .get('/events', (c) => c.var.sse(hub.subscribe('bench')))
      .get('/generator', (c) => c.var.sse(ticks(Number(c.req.query('count')))))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
    if (!(server instanceof Server)) throw new Error('`serve` gave no HTTP/1.1 server')
    await once(server, 'listening')
    return {
      server,
      publish: (data) => void hub.publish('bench', { data }),
      publishForId: (data) => hub.publish('bench', { data }),
    }
  },
}
