import type { Hub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { requestedCount, ticks } from '../payload.ts'
import { listen } from './listen.ts'
import type { RunningPeer } from './peer.ts'

/** Serves a hub of `@sse/core` on `node:http`. */
export async function serveHub(hub: Hub<{ message: string }>): Promise<RunningPeer> {
  const server = await listen((request, response) => {
    const generated = request.url?.startsWith('/generator')
    void eventStream(request, response, generated ? ticks(requestedCount(request.url)) : hub.subscribe('bench'))
  })
  return {
    server,
    publish: (data) => void hub.publish('bench', { data }),
    publishForId: (data) => hub.publish('bench', { data }),
    audience: () => hub.stats(),
  }
}
