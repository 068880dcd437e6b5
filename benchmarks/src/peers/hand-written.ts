import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { requestedCount, ticks } from '../payload.ts'
import { listen } from './listen.ts'
import type { Peer } from './peer.ts'

/** What one writes without a library: one `Buffer` for each event, `res.write` for each client. */
export const peer: Peer = {
  packages: [],
  async start() {
    const clients = new Set<ServerResponse>()
    let lastId = 0
    const server = await listen((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
      response.write(': open\n\n')
      if (request.url?.startsWith('/generator')) return void generate(response, requestedCount(request.url))
      clients.add(response)
      response.on('close', () => clients.delete(response))
    })
    return {
      server,
      publish(data) {
        const frame = Buffer.from(`id: ${++lastId}\ndata: ${data}\n\n`)
        for (const client of clients) client.write(frame)
      },
    }
  },
}

async function generate(response: ServerResponse, count: number): Promise<void> {
  for await (const { id, data } of ticks(count)) {
    if (!response.write(`id: ${id}\ndata: ${data}\n\n`)) await once(response, 'drain')
  }
  response.end()
}
