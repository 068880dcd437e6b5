import { constants } from 'node:zlib'
import compress, { type FastifyCompressOptions } from '@fastify/compress'
import { eventStream } from '@sse/core/node'
import makeFastify, { type FastifyInstance } from 'fastify'
import { PROXY_ADDRESS } from './forwarded.ts'
import { listen } from './listen.ts'
import type { ServerKind } from './server.ts'
import { PRINCIPAL_HEADER, type Site } from './site.ts'

/** Fastify, with `eventStream` of `@sse/core/node` on Node's own request and response. */
export const fastify: ServerKind = {
  name: 'fastify',
  protocols: ['http1', 'h2c', 'h2'],
  async start(site) {
    const { hub, routes, compresses = false } = site
    const app = make(site)
    if (compresses) await app.register(compress, compressOptions(compresses))
    for (const { method, path, source, options } of routes) {
      app.route({
        method,
        url: path,
        async handler(request, reply) {
          const principal = request.headers[PRINCIPAL_HEADER]
          const own = { hub, address: request.ip, ...(typeof principal === 'string' && { principal }), ...options }
          // What fails before the stream is open is Fastify's to answer.
          await eventStream(request.raw, reply.raw, source(), own)
          reply.hijack()
        },
      })
    }
    await app.listen({ host: '127.0.0.1', port: 0 })
    return listen(hub, app.server, async () => {
      await hub.close()
      await app.close()
    })
  },
}

/** Of `@fastify/compress`, which has no `flush` that streams could call: it is told to do so after each write. */
export function compressOptions(compresses: Site['compresses']): FastifyCompressOptions {
  if (compresses !== 'all') return {}
  return { threshold: 0, customTypes: /./, encodings: ['gzip'], zlibOptions: { flush: constants.Z_SYNC_FLUSH } }
}

/** Fastify's types part for each protocol; its routes do not. */
function make({ isBehindProxy = false, protocol = 'http1', tls = { key: '', cert: '' } }: Site): FastifyInstance {
  const trustProxy = isBehindProxy ? PROXY_ADDRESS : false
  if (protocol === 'http1') return makeFastify({ trustProxy })
  const http2: unknown =
    protocol === 'h2c'
      ? makeFastify({ trustProxy, http2: true })
      : makeFastify({ trustProxy, http2: true, https: { ...tls, allowHTTP1: true } })
  return http2 as FastifyInstance
}
