import { openWebStream } from '@sse/core/adapter'
import type { Context } from 'hono'
import type { OpenStream } from './event-stream.ts'

/** On Web standards alone, with what Bun and Deno tell an application beside the request. */
export const openOnWeb: OpenStream = ({ c, respond }, source, options) => {
  const request = c.req.raw
  const server: WebServer | undefined = bindingsOf(c)
  // Bun cuts a stream on which nothing happens for ten seconds, unless told not to.
  if (typeof server?.timeout === 'function') server.timeout(request, 0)
  const address = options.address ?? addressOf(server, request)
  return openWebStream({ request, respond }, source, { ...options, address })
}

/** What an application was given by its server: none that is called without one. */
export function bindingsOf(c: Context): object | undefined {
  const env: { readonly server?: object } | undefined = c.env
  return env?.server ?? env
}

/** What the servers of Bun and Deno give an application as its environment. */
interface WebServer {
  /** Bun's. */
  timeout?(request: Request, seconds: number): void
  requestIP?(request: Request): { readonly address: string } | null
  /** Deno's. */
  readonly remoteAddr?: { readonly hostname?: string }
}

function addressOf(server: WebServer | undefined, request: Request): string | undefined {
  if (typeof server?.requestIP === 'function') return server.requestIP(request)?.address
  return server?.remoteAddr?.hostname
}
