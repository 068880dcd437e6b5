import 'reflect-metadata'
import compress from '@fastify/compress'
import { Controller, Module, RequestMethod, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Sse, SseModule, type SseRequest } from '@sse/nest'
import { compressing } from './compressing.ts'
import { compressOptions } from './fastify.ts'
import { PROXY_ADDRESS } from './forwarded.ts'
import { listen } from './listen.ts'
import type { RunningServer, ServerKind } from './server.ts'
import { PRINCIPAL_HEADER, type Route, type Site } from './site.ts'

/** `@sse/nest` on Express. */
export const nestOnExpress: ServerKind = {
  name: 'nest-express',
  protocols: ['http1'],
  async start(site) {
    const app = await NestFactory.create<NestExpressApplication>(moduleOf(site), new ExpressAdapter(), {
      logger: false,
    })
    if (site.isBehindProxy) app.set('trust proxy', PROXY_ADDRESS)
    if (site.compresses) app.use(compressing(site.compresses))
    await app.listen(0, '127.0.0.1')
    return listen(site.hub, app.getHttpServer(), () => app.close())
  },
}

/** `@sse/nest` on Fastify. */
export const nestOnFastify: ServerKind = {
  name: 'nest-fastify',
  protocols: ['http1', 'h2c', 'h2'],
  async start(site): Promise<RunningServer> {
    const app = await NestFactory.create<NestFastifyApplication>(moduleOf(site), adapterOf(site), { logger: false })
    if (site.compresses) await app.register(compress, compressOptions(site.compresses))
    await app.listen(0, '127.0.0.1')
    return listen(site.hub, app.getHttpServer(), () => app.close())
  },
}

function adapterOf({ isBehindProxy = false, protocol = 'http1', tls = { key: '', cert: '' } }: Site): FastifyAdapter {
  const trustProxy = isBehindProxy ? PROXY_ADDRESS : false
  if (protocol === 'http1') return new FastifyAdapter({ trustProxy })
  if (protocol === 'h2c') return new FastifyAdapter({ trustProxy, http2: true })
  return new FastifyAdapter({ trustProxy, http2: true, https: { ...tls, allowHTTP1: true } })
}

function moduleOf({ hub, routes }: Site): Type {
  const principal = ({ headers }: SseRequest): string | undefined =>
    String(headers[PRINCIPAL_HEADER] ?? '') || undefined
  class StreamsModule {}
  // Node runs this file by stripping its types, which leaves decorators as they are: hence they are applied as functions.
  Module({ imports: [SseModule.forRoot({ hub, principal })], controllers: [controllerOf(routes)] })(StreamsModule)
  return StreamsModule
}

/** A controller with a method for each route. */
function controllerOf(routes: readonly Route[]): Type {
  class StreamsController {}
  Controller()(StreamsController)
  routes.forEach(({ method, path, source, options }, n) => {
    const descriptor: PropertyDescriptor = { configurable: true, writable: true, value: () => source() }
    const decorate = Sse(path, { method: RequestMethod[method], ...options })
    const decorated = decorate(StreamsController.prototype, `route${n}`, descriptor) ?? descriptor
    Object.defineProperty(StreamsController.prototype, `route${n}`, decorated)
  })
  return StreamsController
}
