import { natsLog } from '@sse/nats'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** `@sse/nats`, with a connection for each log, as each process has one. */
export const subject: Subject = {
  packages: ['@sse/nats', '@nats-io/jetstream', '@nats-io/transport-node'],
  async connect({ url, retained }) {
    return eventLog(() => natsLog({ servers: url, maxEvents: retained }), retained)
  },
}
