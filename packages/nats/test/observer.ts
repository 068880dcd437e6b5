import type { EventLog, LogEntry, LogFollower, LogRecord } from '@sse/core'
import { onTestFinished, vi } from 'vitest'

type Attachment = Parameters<LogFollower['attach']>[0]

/** Follows a log until its test has finished, and notes what it is told. */
export class Observer implements LogFollower {
  readonly attachments: Attachment[] = []
  readonly received: LogRecord[] = []
  readonly errors: Error[] = []
  readonly stop: () => Promise<void>

  constructor(log: EventLog, tail: { readonly maxEvents?: number; readonly maxBytes?: number } = {}) {
    const { maxEvents = 10_000, maxBytes = 2 ** 26 } = tail
    this.stop = log.follow(this, { maxEvents, maxBytes })
    onTestFinished(() => this.stop())
  }

  attach(at: Attachment): void {
    this.attachments.push(at)
  }

  records(batch: readonly LogRecord[]): void {
    this.received.push(...batch)
  }

  detach(error: unknown): void {
    this.errors.push(error instanceof Error ? error : new Error(String(error)))
  }

  /** What was published, in the order it came. */
  get texts(): string[] {
    return this.received.map(({ data }) => data)
  }

  get epochs(): string[] {
    return this.attachments.map(({ epoch }) => epoch)
  }

  /** Resolves when it has been attached so often. */
  attached(times = 1): Promise<Attachment> {
    return until(() => this.attachments[times - 1])
  }

  /** Resolves when it has been detached so often. */
  detached(times = 1): Promise<Error> {
    return until(() => this.errors[times - 1])
  }

  /** Resolves when it has received a text. */
  async until(text: string): Promise<void> {
    await until(() => this.texts.includes(text))
  }
}

/** Waits for something: the answer, once it is neither false nor missing. */
export function until<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  timeout = 10_000,
): Promise<T> {
  return vi.waitFor(
    async () => {
      const answer = await condition()
      if (answer === undefined || answer === false) throw new Error(`not yet: ${condition}`)
      return answer
    },
    { timeout, interval: 10 },
  )
}

/** Appends until it is accepted: a server that was away is not found again at once. */
export function appendUntilAccepted(log: EventLog, text: string): Promise<unknown> {
  return until(() => log.append(entryOf(text)).catch(() => undefined))
}

/** An event without more than its text. */
export function entryOf(data: string): LogEntry {
  return { topic: 't', event: 'message', data, raw: true }
}

/** So many texts, each another. */
export function texts(count: number, name = 'event'): string[] {
  return Array.from({ length: count }, (_, n) => `${name} ${n}`)
}
