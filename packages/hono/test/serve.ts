import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve as serveOnNode } from '@hono/node-server'
import { type Listening, listening } from '@sse/tooling/listening'
import { onTestFinished } from 'vitest'

/** What is served, and how. */
export interface ServeOptions {
  readonly fetch: Parameters<typeof serveOnNode>[0]['fetch']
  readonly overrideGlobalObjects?: boolean
}

/** Serves an application with `@hono/node-server` on a free port of the loopback interface. */
export async function listen(options: ServeOptions): Promise<Listening> {
  // Of HTTP/1, unless one is made that is not.
  const server = serveOnNode({ ...options, hostname: '127.0.0.1', port: 0 }) as Server
  await once(server, 'listening')
  return listening(server)
}

/** The same, until its test has finished. */
export async function serve(options: ServeOptions): Promise<Listening> {
  const served = await listen(options)
  onTestFinished(served.close)
  return served
}
