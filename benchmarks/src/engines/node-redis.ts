import { createClient } from 'redis'
import { type RedisConnection, redisStream } from './redis-stream.ts'
import type { Subject } from './subject.ts'

/** node-redis alone. */
export const subject: Subject = {
  packages: ['redis'],
  connect: (place) => redisStream(() => open(place.url), place),
}

async function open(url: string): Promise<RedisConnection> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  return { send: (command) => client.sendCommand(command), close: () => client.close() }
}
