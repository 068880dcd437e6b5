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

interface Following {
  readonly follower: LogFollower
  readonly tail: Parameters<EventLog['follow']>[1]
  stop: () => Promise<void>
}

/** Makes a {@link RestartableLog}; until its first restart it is `memoryLog()` and nothing more. */
export function restartableLog(): RestartableLog {
  let log = memoryLog()
  const followings = new Set<Following>()

  return {
    append: (record) => log.append(record),
    compare: (a, b) => log.compare(a, b),
    isPosition: (text) => log.isPosition(text),
    follow(follower, tail) {
      const following: Following = { follower, tail, stop: log.follow(follower, tail) }
      followings.add(following)
      return async () => {
        followings.delete(following)
        await following.stop()
      }
    },
    async restart() {
      const stopped = Array.from(followings, ({ stop }) => stop())
      log = memoryLog()
      for (const { follower } of followings) follower.detach(new LogRestarted('The log was restarted'))
      for (const following of followings) following.stop = log.follow(following.follower, following.tail)
      await Promise.all(stopped)
    },
  }
}
