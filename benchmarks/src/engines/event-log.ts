import { createPublisher, type EventLog } from '@sse/core'
import { type Connected, TOPIC } from './subject.ts'

/** One of our logs: published to as by an application, followed as by a hub. */
export function eventLog(openLog: () => EventLog, retained: number): Connected {
  const log = openLog()
  const publisher = createPublisher<{ message: string }>({ log })
  return {
    openLog,
    append: (data) => publisher.publish(TOPIC, { data }),
    read(reader) {
      const follower = {
        attach() {},
        records(batch: readonly { readonly topic: string; readonly data: string }[]) {
          for (const record of batch) if (record.topic === TOPIC) reader.data(record.data)
        },
        detach: (error: unknown) => reader.fail(error),
      }
      return log.follow(follower, { maxEvents: retained, maxBytes: 2 ** 30 })
    },
  }
}
