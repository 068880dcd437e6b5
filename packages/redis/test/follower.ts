import type { EventLog, LogEntry, LogFollower, LogRecord } from '@sse/core'
import { onTestFinished, vi } from 'vitest'

type Attachment = Parameters<LogFollower['attach']>[0]

/** Follows a log until its test has finished, and notes what it is told. */
export class TestFollower implements LogFollower {
  readonly attachments: Attachment[] = []
  readonly received: LogRecord[] = []
  readonly errors: unknown[] = []
  readonly stop: () => Promise<void>

  constructor(log: EventLog, maxEvents = 10_000) {
    this.stop = log.follow(this, { maxEvents, maxBytes: 2 ** 26 })
    onTestFinished(() => this.stop())
  }

  attach(at: Attachment): void {
    this.attachments.push(at)
  }

  records(batch: readonly LogRecord[]): void {
    this.received.push(...batch)
  }

  detach(error: unknown): void {
    this.errors.push(error)
  }

  /** What was published, in the order it came. */
  get texts(): string[] {
    return this.received.map(({ data }) => data)
  }

  /** Resolves when it has been attached so often. */
  attached(times = 1): Promise<Attachment> {
    return until(() => this.attachments[times - 1])
  }

  /** Resolves when it has received a text. */
  async until(text: string): Promise<void> {
    await until(() => this.texts.includes(text))
  }
}

/** Waits for something: the answer, once it is neither false nor missing. */
export function until<T>(condition: () => T | false | undefined, timeout = 10_000): Promise<T> {
  return vi.waitFor(
    () => {
      const answer = condition()
      if (answer === undefined || answer === false) throw new Error(`not yet: ${condition}`)
      return answer
    },
    { timeout, interval: 10 },
  )
}

/** An event without more than its text. */
export function entryOf(data: string): LogEntry {
  return { topic: 't', event: 'message', data, raw: true }
}

/** A log, let go of when its test has finished. */
export function releasedAfterTest(log: EventLog): EventLog {
  onTestFinished(() => log.release?.())
  return log
}
