import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type Koa from 'koa'
import { onTestFinished } from 'vitest'

/** An application that is being served, until its test has finished. */
export interface Served {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** What its error handling was told. */
  readonly errors: readonly unknown[]
}

/** Serves an application on a free port of the loopback interface. */
export async function serve(app: Koa): Promise<Served> {
  const errors = errorsOf(app)
  const server = createServer(app.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}`, errors }
}

/** Notes what an application's error handling is told, instead of printing it. */
export function errorsOf(app: Koa): readonly unknown[] {
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  return errors
}

/** How many connections a server has open. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}
