import { type ConsumerCallbackFn, DeliverPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { type Subject, TOPIC } from './subject.ts'

const STREAM = 'sse'

/** What stands before the data in a message of our log. */
const HEAD = `sse/1 text\n${TOPIC}\nmessage\n\n`

/** The clients of NATS alone: a publish with a message id for each event, and an ordered consumer that is pushed to. */
export const subject: Subject = {
  packages: ['@nats-io/jetstream', '@nats-io/transport-node'],
  async connect({ url, retained }) {
    const connection = await connect({ servers: url })
    const manager = await jetstreamManager(connection)
    // What others have written is read as it is.
    await manager.streams.info(STREAM).catch(() =>
      manager.streams.add({
        name: STREAM,
        subjects: [`sse.${STREAM}`],
        max_msgs: retained,
        storage: StorageType.File,
      }),
    )
    const client = jetstream(connection)
    let count = 0
    return {
      append: (data) => client.publish(`sse.${STREAM}`, HEAD + data, { msgID: `bare-${++count}` }),
      read(reader) {
        const callback: ConsumerCallbackFn = (message) => reader.data(message.string().slice(HEAD.length))
        const messages = client.consumers
          .getPushConsumer(STREAM, { deliver_policy: DeliverPolicy.All })
          .then((consumer) => consumer.consume({ callback }))
        messages.catch((error) => reader.fail(error))
        return async () => void (await (await messages).close())
      },
    }
  },
}
