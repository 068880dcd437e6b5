import { createHub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { requestedCount, ticks } from '../payload.ts'
import { listen } from './listen.ts'
import type { Peer } from './peer.ts'

/** `@sse/core` on `node:http`. */
export const peer: Peer = {
  packages: ['@sse/core'],
  async start() {
    const hub = createHub<{ message: string }>()
    const server = await listen((request, response) => {
      const generated = request.url?.startsWith('/generator')
      void eventStream(request, response, generated ? ticks(requestedCount(request.url)) : hub.subscribe('bench'))
    })
    return {
      server,
      publish: (data) => void hub.publish('bench', { data }),
      publishForId: (data) => hub.publish('bench', { data }),
    }
  },
}
