import { Redis } from 'ioredis'
import { type RedisConnection, redisStream } from './redis-stream.ts'
import type { Subject } from './subject.ts'

/** ioredis alone. */
export const subject: Subject = {
  packages: ['ioredis'],
  connect: (place) => redisStream(() => open(place.url), place),
}

async function open(url: string): Promise<RedisConnection> {
  const client = new Redis(url, { lazyConnect: true })
  client.on('error', () => {})
  await client.connect()
  return { send: ([name = '', ...args]) => client.call(name, args), close: () => client.quit() }
}
