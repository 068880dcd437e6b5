import { createServer } from 'node:http'
import { sse } from '@sse/express'
import makeExpress, { type RequestHandler } from 'express'
import { compressing } from './compressing.ts'
import { PROXY_ADDRESS } from './forwarded.ts'
import { listen } from './listen.ts'
import type { ServerKind } from './server.ts'
import { PRINCIPAL_HEADER } from './site.ts'

/** `@sse/express`. */
export const express: ServerKind = {
  name: 'express',
  protocols: ['http1'],
  start(site) {
    const { hub, routes, isBehindProxy = false, compresses = false } = site
    const app = makeExpress()
    if (isBehindProxy) app.set('trust proxy', PROXY_ADDRESS)
    if (compresses) app.use(compressing(compresses))
    app.use(sse({ hub, principal: (req) => req.get(PRINCIPAL_HEADER) }))
    for (const { method, path, source, options } of routes) {
      const handler: RequestHandler = (_req, res) => void res.sse(source(), options)
      if (method === 'GET') app.get(path, handler)
      else app.post(path, handler)
    }
    return listen(hub, createServer(app))
  },
}
