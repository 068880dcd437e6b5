import 'reflect-metadata'
import { Controller, type INestApplication, Inject, Module, Query } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Sse, SseHub, SseModule } from '@sse/nest'
import { ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

type Events = { message: string }

class EventsController {
  readonly #hub: SseHub<Events>

  constructor(hub: SseHub<Events>) {
    this.#hub = hub
  }

  events(): unknown {
    return this.#hub.subscribe('bench')
  }

  generator(count: string): unknown {
    return ticks(Number(count))
  }
}

class EventsModule {}

// Node runs this file by stripping its types, which leaves decorators as they are: hence they are applied as functions.
Query('count')(EventsController.prototype, 'generator', 0)
decorate('events', Sse('events'))
decorate('generator', Sse('generator'))
Inject(SseHub)(EventsController, undefined, 0)
Controller()(EventsController)
Module({ imports: [SseModule.forRoot()], controllers: [EventsController] })(EventsModule)

function decorate(name: 'events' | 'generator', decorator: MethodDecorator): void {
  const target = EventsController.prototype
  const descriptor: PropertyDescriptor = { value: target[name], writable: true, configurable: true }
  Object.defineProperty(target, name, decorator(target, name, descriptor) ?? descriptor)
}

/** `@sse/nest` on Express: its `@Sse`, with a subscription of the module's hub. */
export const peer: Peer = {
  packages: ['@sse/nest', '@nestjs/core', '@nestjs/platform-express'],
  async start() {
    const app: INestApplication = await NestFactory.create(EventsModule, { logger: false })
    await app.listen(0, '127.0.0.1')
    const hub: SseHub<Events> = app.get(SseHub)
    return {
      server: app.getHttpServer(),
      publish: (data) => void hub.publish('bench', { data }),
      publishForId: (data) => hub.publish('bench', { data }),
    }
  },
}
