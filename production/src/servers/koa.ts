import { sse } from '@sse/koa'
import Koa from 'koa'
import compress from 'koa-compress'
import { serve } from './listen.ts'
import type { ServerKind } from './server.ts'
import { PRINCIPAL_HEADER } from './site.ts'

/** `@sse/koa`. */
export const koa: ServerKind = {
  name: 'koa',
  protocols: ['http1', 'h2c', 'h2'],
  start(site) {
    const { hub, routes, isBehindProxy = false, compresses = false } = site
    const app = new Koa(isBehindProxy ? { proxy: true, maxIpsCount: 1 } : {})
    if (compresses) app.use(compress(compresses === 'all' ? { threshold: 0, filter: () => true } : {}))
    app.use(sse({ hub, principal: (ctx) => ctx.get(PRINCIPAL_HEADER) || undefined }))
    app.use((ctx) => {
      const asked = ctx.method === 'HEAD' ? 'GET' : ctx.method
      const route = routes.find(({ method, path }) => path === ctx.path && method === asked)
      return route === undefined ? undefined : ctx.sse(route.source(), route.options)
    })
    return serve(app.callback(), site)
  },
}
