import { redisLog } from '@sse/redis'
import { createClient } from 'redis'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** `@sse/redis` on node-redis. */
export const subject: Subject = {
  packages: ['@sse/redis', 'redis'],
  async connect({ url, retained }) {
    const client = createClient({ url })
    return eventLog(() => redisLog({ client, maxEvents: retained }), retained)
  },
}
