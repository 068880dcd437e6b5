import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { serve } from '@hono/node-server'
import { fetch } from './app.ts'

const server = serve({ fetch: fetchOrTell, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))

/** Who has written which bytes: the same array, not equal ones. */
const writers = new WeakMap<Uint8Array, Socket>()
/** What more than one socket has written. */
const shared: string[] = []

;(server as Server).on('connection', (socket) => {
  const { write } = socket
  const watched = (...args: unknown[]): boolean => {
    if (args[0] instanceof Uint8Array) note(args[0], socket)
    return Reflect.apply(write, socket, args)
  }
  socket.write = watched
})

function note(chunk: Uint8Array, socket: Socket): void {
  const writer = writers.get(chunk)
  if (writer !== undefined && writer !== socket) shared.push(new TextDecoder().decode(chunk))
  writers.set(chunk, socket)
}

function fetchOrTell(request: Request, env?: unknown): Response | Promise<Response> {
  return request.url.endsWith('/shared') ? Response.json(shared) : fetch(request, env)
}
