import { once } from 'node:events'
import { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** Hono: `streamSSE` on its Node server, with a set of open streams for the fan-out that it does not have. */
export const peer: Peer = {
  packages: ['hono', '@hono/node-server'],
  async start() {
    const clients = new Set<SSEStreamingApi>()
    let lastId = 0
    const app = new Hono()
    app.get('/events', (c) =>
      streamSSE(c, async (stream) => {
        await stream.write(': open\n\n')
        clients.add(stream)
        await new Promise<void>((resolve) => stream.onAbort(resolve))
        clients.delete(stream)
      }),
    )
    app.get('/generator', (c) =>
      streamSSE(c, async (stream) => {
        for await (const event of ticks(Number(c.req.query('count')))) await stream.writeSSE(event)
      }),
    )
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
    if (!(server instanceof Server)) throw new Error('`serve` gave no HTTP/1.1 server')
    await once(server, 'listening')
    return {
      server,
      publish(data) {
        const id = String(++lastId)
        for (const client of clients) void client.writeSSE({ data, id })
      },
    }
  },
}
