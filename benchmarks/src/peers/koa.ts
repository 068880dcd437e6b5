import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import Koa from 'koa'
import { requestedCount, ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

/** Koa: a `PassThrough` as body, one `Buffer` for each event, and a set of these streams for the fan-out. */
export const peer: Peer = {
  packages: ['koa'],
  async start() {
    const clients = new Set<PassThrough>()
    let lastId = 0
    const app = new Koa()
    app.silent = true
    app.use((ctx) => {
      const stream = new PassThrough()
      ctx.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
      ctx.body = stream
      stream.write(': open\n\n')
      if (ctx.path === '/generator') return void generate(stream, requestedCount(ctx.url))
      clients.add(stream)
      stream.on('close', () => clients.delete(stream))
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      server,
      publish(data) {
        const frame = Buffer.from(`id: ${++lastId}\ndata: ${data}\n\n`)
        for (const client of clients) client.write(frame)
      },
    }
  },
}

async function generate(stream: PassThrough, count: number): Promise<void> {
  for await (const { id, data } of ticks(count)) {
    if (!stream.write(`id: ${id}\ndata: ${data}\n\n`)) await once(stream, 'drain')
  }
  stream.end()
}
