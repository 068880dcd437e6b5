import type { EventLog } from '@sse/core'
import { natsLog } from '@sse/nats'
import { redisLog } from '@sse/redis'
import { type Engine, startNats, startRedis } from '@sse/tooling/engines'

/** Engines in which several processes can share a log. */
export const ENGINES = ['redis', 'nats'] as const

export type EngineName = (typeof ENGINES)[number]

export function isEngine(name: string | undefined): name is EngineName {
  return ENGINES.some((engine) => engine === name)
}

/** Starts an engine for a run; its log is found by its URL alone. */
export function startEngine(name: EngineName): Promise<Engine> {
  return name === 'redis' ? startRedis() : startNats()
}

/** The one log of an engine that was started for a run. */
export function sharedLog(url: string): EventLog {
  return url.startsWith('redis:') ? redisLog({ url }) : natsLog({ servers: url })
}
