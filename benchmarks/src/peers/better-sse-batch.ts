import { createChannel, createEventBuffer, createSession } from 'better-sse'
import { listen } from './listen.ts'
import type { Peer } from './peer.ts'

const options = { serializer: String }

/**
 * better-sse by hand, for an application that has a whole burst at hand: the events are encoded once into one event
 * buffer, which is given to each session.
 */
export const peer: Peer = {
  packages: ['better-sse'],
  async start() {
    const channel = createChannel()
    const server = await listen(async (request, response) => {
      channel.register(await createSession(request, response, options))
    })
    return {
      server,
      publish: (data) => void channel.broadcast(data),
      publishAll(batch) {
        const buffer = createEventBuffer(options)
        for (const data of batch) buffer.push(data)
        for (const session of channel.activeSessions) void session.batch(buffer)
      },
    }
  },
}
