import { connect } from '@nats-io/transport-node'
import { natsLog } from '@sse/nats'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** `@sse/nats` on a connection of the application. */
export const subject: Subject = {
  packages: ['@sse/nats', '@nats-io/jetstream', '@nats-io/transport-node'],
  async connect({ url, retained }) {
    const connection = await connect({ servers: url })
    return eventLog(
      () => natsLog({ connection, maxEvents: retained }),
      () => connection.close(),
      retained,
    )
  },
}
