import { compareCountedPositions, isCountedPosition } from './counted-position.ts'
import type { EventLog, LogEntry, LogFollower, LogRecord } from './log.ts'
import { randomName } from './random-name.ts'

/**
 * The log of one process: it gives every event its place and hands it on, and keeps nothing, since the hub's ring is
 * the history. Its followers have a record before `append` returns. No I/O; the first `append` or `follow` draws its
 * epoch.
 */
export function memoryLog(): EventLog {
  return new MemoryLog()
}

interface Following {
  readonly follower: LogFollower
  /** The newest place there was when it began; it gets what comes after. */
  readonly floor: number
}

/** Positions count from 1: up to more events than a process can publish. */
class MemoryLog implements EventLog {
  readonly #followings = new Set<Following>()
  #epoch = ''
  #head = 0
  #waiting: LogRecord[] = []
  #isCalling = false

  append(entry: LogEntry): Promise<{ epoch: string; position: string }> {
    const epoch = this.#begin()
    const position = String(++this.#head)
    this.#waiting.push(recordAt(position, entry))
    this.#deliver()
    return Promise.resolve({ epoch, position })
  }

  follow(follower: LogFollower): () => Promise<void> {
    const epoch = this.#begin()
    const following = { follower, floor: this.#head }
    const floor = String(following.floor)
    this.#followings.add(following)
    this.#call(following, () => follower.attach({ epoch, floor, head: floor }))
    this.#deliver()
    return () => {
      this.#followings.delete(following)
      return Promise.resolve()
    }
  }

  compare(a: string, b: string): number {
    return compareCountedPositions(a, b)
  }

  isPosition(text: string): boolean {
    return isCountedPosition(text)
  }

  #begin(): string {
    if (this.#epoch === '') this.#epoch = randomName()
    return this.#epoch
  }

  /**
   * What followers append meanwhile waits until all have what came before it: one order for all, and no nested calls.
   */
  #deliver(): void {
    while (!this.#isCalling && this.#waiting.length > 0) {
      const batch = this.#waiting
      const before = this.#head - batch.length
      this.#waiting = []
      for (const following of this.#followings) {
        const skip = following.floor - before
        if (skip >= batch.length) continue
        const records = skip > 0 ? batch.slice(skip) : batch
        this.#call(following, () => following.follower.records(records))
      }
    }
  }

  #call(following: Following, call: () => void): void {
    const wasCalling = this.#isCalling
    this.#isCalling = true
    try {
      call()
    } catch (error) {
      this.#drop(following, error)
    } finally {
      this.#isCalling = wasCalling
    }
  }

  #drop(following: Following, error: unknown): void {
    this.#followings.delete(following)
    try {
      following.follower.detach(error)
    } catch {
      // It was the place to report to. Neither the others nor the publisher can do anything about it.
    }
  }
}

function recordAt(position: string, { topic, event, data, raw, key }: LogEntry): LogRecord {
  return key === undefined ? { position, topic, event, data, raw } : { position, topic, event, data, raw, key }
}
