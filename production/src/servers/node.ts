import { eventStream } from '@sse/core/node'
import { compressing } from './compressing.ts'
import { lastForwardedFor } from './forwarded.ts'
import type { AnyListener } from './listen.ts'
import { serve } from './listen.ts'
import type { ServerKind } from './server.ts'
import { PRINCIPAL_HEADER, type Site } from './site.ts'

/** `eventStream` of `@sse/core/node`, without a framework. */
export const node: ServerKind = {
  name: 'node',
  protocols: ['http1', 'h2c', 'h2'],
  start: (site) => serve(handlerOf(site), site),
}

function handlerOf({ hub, routes, isBehindProxy = false, compresses = false }: Site): AnyListener {
  const compress = compressing(compresses)
  const handler: AnyListener = (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    const route = routes.find(({ method, path }) => path === pathname && methodsOf(method).includes(req.method ?? ''))
    if (route === undefined) {
      res.statusCode = 404
      res.end()
      return
    }
    const principal = headerOf(req.headers[PRINCIPAL_HEADER])
    const address = isBehindProxy ? lastForwardedFor(req.headers['x-forwarded-for']) : undefined
    const options = { hub, ...(principal && { principal }), ...(address && { address }), ...route.options }
    eventStream(req, res, route.source(), options).catch((error: unknown) => {
      res.statusCode = 500
      res.end(String(error))
    })
  }
  if (!compresses) return handler
  const compressed = (req: Parameters<typeof compress>[0], res: Parameters<typeof compress>[1]): void =>
    void compress(req, res, () => handler(req, res))
  // `compression` is written for HTTP/1.1, as its types are.
  return compressed as AnyListener
}

/** A route for GET answers HEAD, too. */
function methodsOf(method: 'GET' | 'POST'): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method]
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0]
}
