import type { EventLog, LogEntry, LogFollower, TailBounds } from '@sse/core'
import { compareCountedPositions, isCountedPosition } from '@sse/core/engine'
import { isLaterEpoch } from './epoch.ts'
import { Follower } from './follower.ts'
import { Link } from './link.ts'
import { type NatsLogOptions, type NatsSettings, natsSettings } from './options.ts'
import { Writer } from './writer.ts'

/**
 * A log in a JetStream stream, for any number of processes: `createHub({ log: natsLog({ servers: 'nats://localhost:4222' }) })`.
 * nats-server 2.9 or later. No I/O until it is used.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function natsLog(options: NatsLogOptions): EventLog {
  return new NatsLog(natsSettings(options))
}

class NatsLog implements EventLog {
  readonly #settings: NatsSettings
  readonly #link: Link
  readonly #writer: Writer

  constructor(settings: NatsSettings) {
    this.#settings = settings
    this.#link = new Link(settings)
    this.#writer = new Writer(this.#link, settings)
  }

  append(entry: LogEntry): ReturnType<EventLog['append']> {
    return this.#writer.append(entry)
  }

  follow(follower: LogFollower, tail: TailBounds): () => Promise<void> {
    this.mustKeep(tail.maxEvents)
    const following = new Follower(this.#link, this.#settings, follower, tail)
    following.start()
    return () => following.stop()
  }

  mustKeep(events: number): void {
    this.#settings.retention.mustHold(events)
  }

  compare(a: string, b: string): number {
    return compareCountedPositions(a, b)
  }

  isPosition(text: string): boolean {
    return isCountedPosition(text)
  }

  isLaterEpoch(text: string, epoch: string): boolean {
    return isLaterEpoch(text, epoch)
  }

  release(): Promise<void> {
    return this.#writer.release()
  }
}
