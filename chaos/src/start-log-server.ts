import type { LogServer } from './log-server.ts'
import type { EngineName, Plan } from './plan.ts'

/** Starts the engine of a plan. */
export async function startLogServer(plan: Pick<Plan, 'engine' | 'storage'>): Promise<LogServer> {
  const start = await starters[plan.engine]()
  return start(plan)
}

/** Only the client library that is needed is loaded. */
const starters: Readonly<Record<EngineName, () => Promise<(plan: Pick<Plan, 'storage'>) => Promise<LogServer>>>> = {
  redis: async () => (await import('./redis-server.ts')).startRedisServer,
  nats: async () => (await import('./nats-server.ts')).startNatsServer,
}
