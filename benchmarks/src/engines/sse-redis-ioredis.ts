import { redisLog } from '@sse/redis'
import { Redis } from 'ioredis'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** `@sse/redis` on ioredis. */
export const subject: Subject = {
  packages: ['@sse/redis', 'ioredis'],
  async connect({ url, retained }) {
    const client = new Redis(url, { lazyConnect: true })
    return eventLog(() => redisLog({ client, maxEvents: retained }), retained)
  },
}
