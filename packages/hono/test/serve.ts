import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve as serveOnNode } from '@hono/node-server'
import { onTestFinished } from 'vitest'

/** What is served, and how. */
export interface ServeOptions {
  readonly fetch: Parameters<typeof serveOnNode>[0]['fetch']
  readonly overrideGlobalObjects?: boolean
}

/** An application that is being served. */
export interface Served {
  readonly server: Server
  readonly port: number
  readonly url: string
  close(): void
}

/** Serves an application with `@hono/node-server` on a free port of the loopback interface. */
export async function listen(options: ServeOptions): Promise<Served> {
  // Of HTTP/1, unless one is made that is not.
  const server = serveOnNode({ ...options, hostname: '127.0.0.1', port: 0 }) as Server
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}`, close }
}

/** The same, until its test has finished. */
export async function serve({ fetch, ...options }: ServeOptions): Promise<Served> {
  const served = await listen({ ...options, fetch })
  onTestFinished(served.close)
  return served
}

/** How many connections a server has open. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}
