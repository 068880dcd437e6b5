import { type EventLog, type LogFollower, memoryLog } from '@sse/core'

/** A log in memory that can be lost and started anew while its hub runs, as a server in another process would be. */
export interface RestartableLog extends EventLog {
  /**
   * Forgets everything: followers are detached, a fresh log with an epoch of its own takes over, and they are attached to
   * that. Resolves once the old log has let go of them. What it had accepted and not yet delivered is lost with it.
   */
  restart(): Promise<void>
}

/** Why the followers of a {@link RestartableLog} were detached. */
export class LogRestarted extends Error {
  override readonly name = 'LogRestarted'
}

type Tail = Parameters<EventLog['follow']>[1]

/** Makes a {@link RestartableLog}; until its first restart it is `memoryLog()` and nothing more. */
export function restartableLog(): RestartableLog {
  let log = memoryLog()
  const followings = new Set<Following>()

  return {
    append: (record) => log.append(record),
    compare: (a, b) => log.compare(a, b),
    isPosition: (text) => log.isPosition(text),
    follow(follower, tail) {
      const following = new Following(follower, tail)
      followings.add(following)
      following.start(log)
      return async () => {
        followings.delete(following)
        await following.stop()
      }
    },
    async restart() {
      const lost = [...followings].map((following) => following.lose(new LogRestarted('The log was restarted')))
      log = memoryLog()
      for (const following of followings) following.start(log)
      await Promise.all(lost)
    },
  }
}

/** One follower, and the log that it hears at the moment. */
class Following {
  readonly #follower: LogFollower
  readonly #tail: Tail
  #stop: (() => Promise<void>) | undefined

  constructor(follower: LogFollower, tail: Tail) {
    this.#follower = follower
    this.#tail = tail
  }

  start(log: EventLog): void {
    let current = true
    const follower = this.#follower
    const stop = log.follow(
      {
        // A log may still deliver while it is being left: the follower belongs to the next one by then.
        attach(at) {
          if (current) follower.attach(at)
        },
        records(batch) {
          if (current) follower.records(batch)
        },
        detach(error) {
          if (current) follower.detach(error)
        },
      },
      this.#tail,
    )
    this.#stop = async () => {
      current = false
      await stop()
    }
  }

  async stop(): Promise<void> {
    const stop = this.#stop
    this.#stop = undefined
    await stop?.()
  }

  async lose(error: unknown): Promise<void> {
    const stopped = this.stop()
    this.#follower.detach(error)
    await stopped
  }
}
