import { natsLog } from '@sse/nats'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** `@sse/nats` with a stream that is in memory. */
export const subject: Subject = {
  packages: ['@sse/nats', '@nats-io/jetstream', '@nats-io/transport-node'],
  async connect({ url, retained }) {
    return eventLog(() => natsLog({ servers: url, maxEvents: retained, storage: 'memory' }), retained)
  },
}
