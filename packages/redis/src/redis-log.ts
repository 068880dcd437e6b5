import type { EventLog, LogEntry, LogFollower, TailBounds } from '@sse/core'
import { isLaterEpoch } from './epoch.ts'
import { type RedisLogOptions, type RedisSettings, redisSettings } from './options.ts'
import { comparePositions, isPosition } from './position.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/**
 * A log in a Redis stream, for any number of processes: `createHub({ log: redisLog({ url: 'redis://localhost' }) })`. Redis 6.2 or
 * later. No I/O until it is used.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function redisLog(options: RedisLogOptions): EventLog {
  return new RedisLog(redisSettings(options))
}

class RedisLog implements EventLog {
  readonly #settings: RedisSettings
  readonly #writer: Writer

  constructor(settings: RedisSettings) {
    this.#settings = settings
    this.#writer = new Writer(settings)
  }

  append(entry: LogEntry): ReturnType<EventLog['append']> {
    return this.#writer.append(entry)
  }

  follow(follower: LogFollower, tail: TailBounds): () => Promise<void> {
    this.mustKeep(tail.maxEvents)
    const reader = new Reader(this.#settings, follower, tail)
    reader.start()
    return () => reader.stop()
  }

  mustKeep(events: number): void {
    this.#settings.retention.mustHold(events)
  }

  compare(a: string, b: string): number {
    return comparePositions(a, b)
  }

  isPosition(text: string): boolean {
    return isPosition(text)
  }

  isLaterEpoch(text: string, epoch: string): boolean {
    return isLaterEpoch(text, epoch)
  }

  release(): Promise<void> {
    return this.#writer.release()
  }
}
