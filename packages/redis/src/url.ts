import { SseError } from '@sse/core'
import { invalid } from '@sse/core/engine'
import type { RedisEndpoint } from './endpoint.ts'
import { ioredisEndpoint, isIoredis } from './ioredis.ts'
import { isNodeRedis, nodeRedisEndpoint } from './node-redis.ts'

/** Makes a client for a URL; rejects where its library is not installed. */
type Library = (url: string) => Promise<unknown>

/** In order of preference. */
const LIBRARIES: readonly Library[] = [
  async (url) => (await import('redis')).createClient({ url }),
  async (url) => new (await import('ioredis')).Redis(url, { lazyConnect: true }),
]

/**
 * Connects to a URL with whichever library is installed, which is found out when it is needed.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if it is none.
 */
export function urlEndpoint(url: unknown, libraries: readonly Library[] = LIBRARIES): RedisEndpoint {
  const { href, hostname, port } = parse(url)
  const name = `${hostname === '' ? 'localhost' : hostname}:${port === '' ? 6379 : port}`
  let endpoint: RedisEndpoint | undefined
  return {
    name,
    keyPrefix: '',
    async connect(timeout, signal) {
      endpoint ??= await load(href, libraries)
      return endpoint.connect(timeout, signal)
    },
  }
}

function parse(url: unknown): URL {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:') return parsed
  // It may hold a password, so it is not shown.
  throw invalid('url', 'must be a string such as `redis://localhost:6379`, or `rediss:` for TLS')
}

async function load(url: string, libraries: readonly Library[]): Promise<RedisEndpoint> {
  for (const library of libraries) {
    try {
      const client = await library(url)
      if (isNodeRedis(client)) return nodeRedisEndpoint(client)
      if (isIoredis(client)) return ioredisEndpoint(client)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  throw new SseError(
    'SSE_LOG',
    'To connect to a `url`, install a client: `npm install redis`, or `ioredis`, version 5 or 6.',
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
