import { once } from 'node:events'
import type { Server } from 'node:http'
import { onTestFinished } from 'vitest'

/** A server that listens. */
export interface Listening {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** Ends it, and whatever is connected to it. */
  close(): void
}

/** Lets a server listen on a free port of the loopback interface, unless it does. */
export async function listening(server: Server): Promise<Listening> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}`, close }
}

/** The same, until its test has finished. */
export async function listeningForTest(server: Server): Promise<Listening> {
  const running = await listening(server)
  onTestFinished(running.close)
  return running
}

/** How many connections a server has open. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}
