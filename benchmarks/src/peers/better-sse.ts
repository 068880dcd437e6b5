import { createChannel, createSession } from 'better-sse'
import { requestedCount, ticks } from '../payload.ts'
import { listen } from './listen.ts'
import type { Peer } from './peer.ts'

/** Data is text already, so its JSON encoding is turned off: every peer sends the same bytes. */
const options = { serializer: String }

/** better-sse: sessions in a channel, `channel.broadcast` for each event, ids its own. */
export const peer: Peer = {
  packages: ['better-sse'],
  async start() {
    const channel = createChannel()
    const server = await listen(async (request, response) => {
      const session = await createSession(request, response, options)
      if (!request.url?.startsWith('/generator')) return void channel.register(session)
      for await (const { id, data } of ticks(requestedCount(request.url))) session.push(data, 'message', id)
      response.end()
    })
    return {
      server,
      publish: (data) => void channel.broadcast(data),
    }
  },
}
