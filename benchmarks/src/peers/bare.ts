import { listen } from './listen.ts'
import type { Peer } from './peer.ts'

/** `node:http` and nothing else: a head and one chunk. The floor of memory and of opening; it cannot publish. */
export const peer: Peer = {
  packages: [],
  async start() {
    const server = await listen((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
      response.write(': open\n\n')
    })
    return {
      server,
      publish() {
        throw new Error('`bare` cannot publish')
      },
    }
  },
}
