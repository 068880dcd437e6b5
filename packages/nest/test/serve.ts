import type { Server } from 'node:http'
import type { INestApplication, ModuleMetadata } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { RawClient } from '@sse/tooling/raw-client'
import { onTestFinished } from 'vitest'
import type { Platform } from './platforms.ts'

/** An application that is being served, until its test has finished. */
export interface Served {
  readonly app: INestApplication
  readonly server: Server
  readonly port: number
  readonly url: string
  /** A client of its own connection. */
  client(options?: ConstructorParameters<typeof RawClient>[1]): RawClient
}

/** Serves an application on a free port of the loopback interface. */
export async function serve(
  platform: Platform,
  metadata: ModuleMetadata,
  configure: (app: INestApplication) => unknown = () => {},
): Promise<Served> {
  const testing = await Test.createTestingModule(metadata).compile()
  const app = testing.createNestApplication(platform.adapter(), { logger: false })
  await configure(app)
  await app.listen(0, '127.0.0.1')
  const server: Server = app.getHttpServer()
  onTestFinished(async () => {
    if (!server.listening) return
    const closing = app.close()
    // A server of HTTP/2 has none.
    if ('closeAllConnections' in server) server.closeAllConnections()
    await closing
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const { port } = address
  return { app, server, port, url: `http://127.0.0.1:${port}`, client: (options) => new RawClient(port, options) }
}
