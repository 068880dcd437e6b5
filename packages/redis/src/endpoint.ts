import { invalid } from '@sse/core/engine'
import { type IoredisClient, ioredisEndpoint, isIoredis } from './ioredis.ts'
import { isNodeRedis, type NodeRedisClient, nodeRedisEndpoint } from './node-redis.ts'
import { urlEndpoint } from './url.ts'

/** One connection of our own, made by duplicating the user's client. */
export interface RedisConnection {
  /**
   * Sends a command as it is; replies as in RESP2: strings, numbers, null, nested arrays (never Maps, objects or Buffers whatever
   * the user's type mappings). Rejects for an error reply (message begins with Redis' error code) and when the connection
   * breaks. Never queued offline, never re-sent.
   */
  send(args: readonly string[]): Promise<unknown>
  /** Resolves with the reason once the connection is broken or destroyed. */
  readonly closed: Promise<unknown>
  /** Ends it at once: what has no answer yet rejects. May be called more than once. */
  destroy(): void
}

/** Where a Redis is, and how to get there. */
export interface RedisEndpoint {
  /** For messages: `host:port` or the path, never a password. */
  readonly name: string
  /** What the user's client puts before every key. `send` does not. */
  readonly keyPrefix: string
  /**
   * A new connection, ready to be used (authenticated, database selected, not loading). Rejects within `timeout` ms, with what
   * went wrong, or when aborted while it connects.
   */
  connect(timeout: number, signal?: AbortSignal): Promise<RedisConnection>
}

/** A client of node-redis 5 or 6 (`createClient()`), or of ioredis 5 or 6 (`new Redis()`). */
export type RedisClient = NodeRedisClient | IoredisClient

/**
 * How to connect as the user's client does, or to a URL. Does no I/O, and leaves the client alone.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming `client` or `url`.
 */
export function endpointOf({ client, url }: { readonly client?: unknown; readonly url?: unknown }): RedisEndpoint {
  if (client !== undefined && url !== undefined) throw invalid('url', 'cannot be given beside `client`: one of them')
  if (url !== undefined) return urlEndpoint(url)
  if (client === undefined) throw invalid('client', 'must be given, or `url`')
  if (isNodeRedis(client)) return nodeRedisEndpoint(client)
  if (isIoredis(client)) return ioredisEndpoint(client)
  throw invalid(
    'client',
    'must be a client of node-redis (`createClient()`) or ioredis (`new Redis()`), version 5 or 6: a log is one stream on one master, so ' +
      'no cluster and no pool, and for Sentinel a client of ioredis',
  )
}
