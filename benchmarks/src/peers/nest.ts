import 'reflect-metadata'
import { Controller, type INestApplication, type MessageEvent, Module, Query, Sse } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { from, type Observable, Subject } from 'rxjs'
import { ticks } from '../payload.ts'
import type { Peer } from './peer.ts'

const published = new Subject<MessageEvent>()

class EventsController {
  events(): Observable<MessageEvent> {
    return published
  }

  generator(count: string): Observable<MessageEvent> {
    return from(ticks(Number(count)))
  }
}

class EventsModule {}

// Node runs this file by stripping its types, which leaves decorators as they are: hence they are applied as functions.
Sse('events')(EventsController.prototype, 'events', methodOf('events'))
Sse('generator')(EventsController.prototype, 'generator', methodOf('generator'))
Query('count')(EventsController.prototype, 'generator', 0)
Controller()(EventsController)
Module({ controllers: [EventsController] })(EventsModule)

function methodOf(name: 'events' | 'generator'): PropertyDescriptor {
  return { value: EventsController.prototype[name] }
}

/** Nest's own `@Sse` on Express: every client observes one `Subject`; ids are Nest's. */
export const peer: Peer = {
  packages: ['@nestjs/core', '@nestjs/platform-express'],
  async start() {
    const app: INestApplication = await NestFactory.create(EventsModule, { logger: false })
    await app.listen(0, '127.0.0.1')
    return {
      server: app.getHttpServer(),
      publish: (data) => published.next({ data }),
    }
  },
}
