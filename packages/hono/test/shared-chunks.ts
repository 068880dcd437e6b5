import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** What more than one socket of a server has written: the same arrays, not equal ones. */
export function sharedChunks(server: Server): readonly string[] {
  const writers = new WeakMap<Uint8Array, Socket>()
  const shared: string[] = []
  server.on('connection', (socket) => {
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
  return shared
}
