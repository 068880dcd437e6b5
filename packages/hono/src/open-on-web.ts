import { openWebStream } from '@sse/core/adapter'
import type { Context } from 'hono'
import type { OpenStream } from './event-stream.ts'

/** On Web standards alone, with what Bun and Deno tell an application beside the request. */
export const openOnWeb: OpenStream = ({ c, respond }, source, options) => {
  const request = c.req.raw
  const platform = platformOf(c)
  // Bun cuts a stream on which nothing happens for ten seconds, unless told not to.
  if (isBun(platform)) platform.timeout(request, 0)
  const address = options.address ?? addressOf(platform, request)
  return openWebStream({ request, respond }, source, { ...options, address })
}

/** What its server has given to an application: nothing where there is none. */
export function platformOf(c: Context): Platform {
  const env: (Platform & { readonly server?: Platform | null }) | undefined = c.env
  // Some applications pass it on under this name.
  const server = env?.server
  return typeof server === 'object' && server !== null ? server : (env ?? {})
}

/** What servers give an application as its environment. On Workers these are bindings, of whatever name and kind. */
interface Platform {
  /** Of `@hono/node-server`. */
  readonly incoming?: unknown
  readonly outgoing?: unknown
  /** Bun's. */
  readonly pendingRequests?: unknown
  /** Deno's. */
  readonly remoteAddr?: { readonly hostname?: unknown }
}

/** The server of Bun. */
interface BunServer {
  timeout(request: Request, seconds: number): void
  requestIP(request: Request): { readonly address: string } | null
}

/** A binding of Workers may have a function for every name there is; a number it has not. */
function isBun(platform: Platform | BunServer): platform is BunServer {
  return 'timeout' in platform && 'pendingRequests' in platform && typeof platform.pendingRequests === 'number'
}

function addressOf(platform: Platform | BunServer, request: Request): string | undefined {
  if (isBun(platform)) return platform.requestIP(request)?.address
  const hostname = platform.remoteAddr?.hostname
  return typeof hostname === 'string' ? hostname : undefined
}
