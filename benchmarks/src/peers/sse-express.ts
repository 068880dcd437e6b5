import { once } from 'node:events'
import { createHub } from '@sse/core'
import { sse } from '@sse/express'
import express from 'express'
import { requestedCount, ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** `@sse/express`: the middleware, and `res.sse` in a handler. */
export const peer: Peer = {
  packages: ['@sse/express', 'express'],
  async start() {
    const hub = createHub<{ message: string }>()
    const app = express()
    app.use(sse({ hub }))
    app.get('/events', (_request, response) => response.sse(hub.subscribe('bench')))
    app.get('/generator', (request, response) => response.sse(ticks(requestedCount(request.url))))
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      server,
      publish: (data) => void hub.publish('bench', { data }),
      publishForId: (data) => hub.publish('bench', { data }),
    }
  },
}
