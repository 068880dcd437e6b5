import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'

/** A `node:http` server on a free port of 127.0.0.1. */
export async function listen(handler: RequestListener): Promise<Server> {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
