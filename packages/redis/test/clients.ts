import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import type { RedisClient } from '../src/endpoint.ts'

/** What all the libraries can be told of a server, in their own words. */
export interface ClientOptions {
  readonly port?: number
  /** Of a Unix socket, in place of a port. */
  readonly path?: string
  readonly username?: string
  readonly password?: string
  readonly database?: number
  /** Version 5 of node-redis has none. */
  readonly keyPrefix?: string
}

/** A client that is not connected, of each library and version, by its name. */
export const CLIENTS: readonly { readonly name: string; create(options: ClientOptions): RedisClient }[] = [
  { name: 'node-redis 6', create: (options) => createClient(nodeRedisOptions(options)) },
  { name: 'node-redis 5', create: (options) => createClient5(nodeRedisOptions(options)) },
  { name: 'ioredis 6', create: (options) => new Redis(ioredisOptions(options)) },
  { name: 'ioredis 5', create: (options) => new Redis5(ioredisOptions(options)) },
]

function nodeRedisOptions({ port = 6379, path, ...options }: ClientOptions) {
  return { ...options, socket: path === undefined ? { host: '127.0.0.1', port } : { path } }
}

function ioredisOptions({ database: db = 0, ...options }: ClientOptions) {
  return { ...options, host: '127.0.0.1', db, lazyConnect: true }
}
