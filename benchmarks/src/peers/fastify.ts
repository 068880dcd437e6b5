import { fastifySSE, type SSEReplyInterface } from '@fastify/sse'
import fastify from 'fastify'
import { requestedCount, ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** `@fastify/sse`: kept-alive replies in a set, `send` for each client. */
export const peer: Peer = {
  packages: ['fastify', '@fastify/sse'],
  async start() {
    const clients = new Set<SSEReplyInterface>()
    let lastId = 0
    const app = fastify()
    // Data is text already, so its JSON encoding is turned off: every peer sends the same bytes.
    await app.register(fastifySSE, { serializer: String })
    app.get('/events', { sse: 'only' }, async (_request, reply) => {
      reply.sse.keepAlive()
      await reply.sse.send({ data: 'open' })
      clients.add(reply.sse)
      reply.sse.onClose(() => clients.delete(reply.sse))
    })
    app.get('/generator', { sse: 'only' }, (request, reply) => reply.sse.send(ticks(requestedCount(request.url))))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return {
      server: app.server,
      publish(data) {
        const id = String(++lastId)
        for (const client of clients) void client.send({ id, data })
      },
    }
  },
}
