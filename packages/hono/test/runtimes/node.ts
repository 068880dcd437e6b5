import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { sharedChunks } from '../shared-chunks.ts'
import { fetch } from './app.ts'

const server = serve({ fetch: fetchOrTell, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))
const shared = sharedChunks(server as Server)

function fetchOrTell(request: Request, env?: unknown): Response | Promise<Response> {
  return request.url.endsWith('/shared') ? Response.json(shared) : fetch(request, env)
}
