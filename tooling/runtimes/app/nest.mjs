import 'reflect-metadata'
import { Controller, Get, Module, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Sse, SseModule } from '@sse/nest'
import { makeSite, urlOf } from './site.mjs'

const ADAPTERS = { express: ExpressAdapter, fastify: FastifyAdapter }

/** Serves a site by Nest, on Express or on Fastify. */
export async function serveNest(platform) {
  const app = await NestFactory.create(siteModule(makeSite()), new ADAPTERS[platform](), { logger: false })
  await app.listen(0, '127.0.0.1')
  console.log(app.getHttpServer().address().port)
}

// Runtimes do not know decorators: they are applied as functions.
function siteModule({ hub, source, answer }) {
  class Site {
    events() {
      return source()
    }

    answer(req) {
      return answer(urlOf(req))
    }
  }
  decorate(Site, 'events', Sse('events'))
  decorate(Site, 'answer', Get(['publish', 'size', 'close']))
  Req()(Site.prototype, 'answer', 0)
  Controller()(Site)
  class SiteModule {}
  Module({ imports: [SseModule.forRoot({ hub })], controllers: [Site] })(SiteModule)
  return SiteModule
}

function decorate({ prototype }, name, decorator) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  Object.defineProperty(prototype, name, decorator(prototype, name, descriptor) ?? descriptor)
}
