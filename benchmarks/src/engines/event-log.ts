import { createPublisher, type EventLog } from '@sse/core'
import { type Connected, type Reader, TOPIC } from './subject.ts'

/** How long a log may be away before whoever reads it has failed, in ms. */
const PATIENCE = 10_000

/** One of our logs: published to as by an application, followed as by a hub. */
export function eventLog(openLog: () => EventLog, retained: number): Connected {
  const log = openLog()
  const publisher = createPublisher<{ message: string }>({ log })
  return {
    openLog,
    append: (data) => publisher.publish(TOPIC, { data }),
    read: (reader) => readLog(log, reader, retained).stop,
  }
}

/** Reads a log, at most so many events of its past; `attached` resolves when it is followed. */
export function readLog(
  log: EventLog,
  reader: Reader,
  past: number,
): { readonly attached: Promise<void>; readonly stop: () => Promise<void> } {
  let isFollowed: () => void = () => {}
  const attached = new Promise<void>((resolve) => {
    isFollowed = resolve
  })
  let away: NodeJS.Timeout | undefined
  const stop = log.follow(
    {
      attach() {
        clearTimeout(away)
        away = undefined
        isFollowed()
      },
      records(batch) {
        for (const { topic, data } of batch) if (topic === TOPIC) reader.data(data)
      },
      // It comes again: a process that was stopped takes its connection for broken.
      detach(error) {
        away ??= setTimeout(() => reader.fail(error), PATIENCE)
      },
    },
    { maxEvents: past, maxBytes: 2 ** 30 },
  )
  return { attached, stop }
}
