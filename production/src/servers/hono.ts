import { createSecureServer, createServer } from 'node:http2'
import { createAdaptorServer } from '@hono/node-server'
import { sse } from '@sse/hono'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { lastForwardedFor } from './forwarded.ts'
import { listen } from './listen.ts'
import type { AnyServer, ServerKind } from './server.ts'
import { PRINCIPAL_HEADER, type Site } from './site.ts'

/** `@sse/hono` on `@hono/node-server`. */
export const hono: ServerKind = {
  name: 'hono',
  protocols: ['http1', 'h2c', 'h2'],
  start(site) {
    const { hub, routes, isBehindProxy = false, compresses = false } = site
    const app = new Hono()
    if (compresses) app.use(compress(compresses === 'all' ? { threshold: 0, contentTypeFilter: () => true } : {}))
    const middleware = sse({
      hub,
      principal: (c) => c.req.header(PRINCIPAL_HEADER),
      // Hono has no notion of a proxy: the application says where the client is.
      address: (c) => (isBehindProxy ? lastForwardedFor(c.req.header('x-forwarded-for')) : undefined),
    })
    for (const { method, path, source, options } of routes) {
      app.on(method, path, middleware, (c) => c.var.sse(source(), options))
    }
    return listen(hub, serverOf(app.fetch, site))
  },
}

function serverOf(fetch: Hono['fetch'], { protocol = 'http1', tls }: Site): AnyServer {
  if (protocol === 'http1') return createAdaptorServer({ fetch })
  if (protocol === 'h2c') return createAdaptorServer({ fetch, createServer })
  const serverOptions = { ...tls, allowHTTP1: true }
  return createAdaptorServer({ fetch, createServer: createSecureServer, serverOptions })
}
