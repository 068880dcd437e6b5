import type { EventLog, LogFollower, LogRecord } from '@sse/core'

/**
 * A log whose records somebody sees before the hub that follows it does. What is known from them is therefore never older
 * than what the hub has sent its clients, and a snapshot that is taken from it has no hole to what comes after.
 */
export function watchedLog(log: EventLog, watch: (record: LogRecord) => void): Required<EventLog> {
  return {
    append: (record) => log.append(record),
    mustKeep: (events) => log.mustKeep?.(events),
    release: async () => log.release?.(),
    compare: (a, b) => log.compare(a, b),
    isPosition: (text) => log.isPosition(text),
    isLaterEpoch: (text, epoch) => log.isLaterEpoch?.(text, epoch) ?? false,
    follow(follower, tail) {
      const watching: LogFollower = {
        attach: (at) => follower.attach(at),
        records(batch) {
          for (const record of batch) watch(record)
          follower.records(batch)
        },
        detach: (error) => follower.detach(error),
      }
      return log.follow(watching, tail)
    },
  }
}
