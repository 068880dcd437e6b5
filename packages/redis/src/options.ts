import { SseError } from '@sse/core'
import { assertInteger, invalid, MAX_DELAY, Retention } from '@sse/core/engine'
import { endpointOf, type RedisClient, type RedisEndpoint } from './endpoint.ts'

/** Options of `redisLog`: a `client` or a `url`, and what is to be otherwise than by default. */
export interface RedisLogOptions {
  /**
   * Your client of node-redis (5, 6) or ioredis (5, 6). It is never used itself, but duplicated, twice for each process:
   * it may do what it likes, and need not even be connected.
   */
  readonly client?: RedisClient
  /** Where Redis is, such as `redis://localhost:6379`: connects with whichever of the two libraries is installed. */
  readonly url?: string
  /**
   * The key of the stream, default `sse`, after the client's own prefix if it has one. One for each hub. Beside it stand `{key}:log`, a hash, and `{key}:writer:…`, one
   * short string for each process that has appended within an hour.
   */
  readonly key?: string
  /**
   * About how many events the stream keeps: what a starting node can be given. Default: twice the ring of the hub that follows, at
   * least 20,000. Less than the ring is refused. All processes that append should have the same.
   */
  readonly maxEvents?: number
  /**
   * What a restarted engine, or another that took its place, is believed. `gap`, the default: it may have lost what it
   * had acknowledged, so a new epoch begins and each client is told once. `trust`: nothing was lost, as with
   * `appendfsync always`; clients go on. What is found missing is told in either case.
   */
  readonly failover?: 'gap' | 'trust'
  /** How long a publish waits for Redis, in milliseconds, before it is rejected: default 5,000. `false`: as long as it takes. */
  readonly publishTimeout?: number | false
  /**
   * How often Redis is asked whether it is there when nothing happens, in milliseconds: default 2,000. One that does not answer
   * for twice as long is taken for gone.
   */
  readonly probeInterval?: number
  /** Gets what was found in the stream and is not ours; such entries are skipped. Default: the console. */
  readonly onError?: (error: SseError) => void
}

/** The options, checked, with what follows from them. */
export interface RedisSettings {
  readonly endpoint: RedisEndpoint
  readonly stream: string
  readonly hash: string
  readonly retention: Retention
  readonly failover: 'gap' | 'trust'
  readonly publishTimeout: number | false
  readonly probeInterval: number
  readonly onError: (error: SseError) => void
  writerKey(writer: string): string
}

const KNOWN = ['client', 'url', 'key', 'maxEvents', 'failover', 'publishTimeout', 'probeInterval', 'onError']

/**
 * Checks the options.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function redisSettings(options: RedisLogOptions): RedisSettings {
  if (typeof options !== 'object' || options === null) {
    throw new SseError('SSE_INVALID_FIELD', '`redisLog` takes an object with `client` or `url`.')
  }
  for (const name of Object.keys(options)) if (!KNOWN.includes(name)) throw invalid(name, 'is not known to redisLog')
  const {
    key = 'sse',
    maxEvents,
    failover = 'gap',
    publishTimeout = 5_000,
    probeInterval = 2_000,
    onError = report,
  } = options
  const endpoint = endpointOf(options)
  if (typeof key !== 'string' || key === '') throw invalid('key', 'must be a string that is not empty')
  const stream = `${endpoint.keyPrefix}${key}`
  const tagged = tagOf(stream)
  if (maxEvents !== undefined) assertInteger('maxEvents', maxEvents, 1, Number.MAX_SAFE_INTEGER)
  if (failover !== 'gap' && failover !== 'trust') throw invalid('failover', "must be 'gap' or 'trust'")
  if (publishTimeout !== false) assertInteger('publishTimeout', publishTimeout, 1, MAX_DELAY)
  assertInteger('probeInterval', probeInterval, 10, 60_000)
  if (typeof onError !== 'function') throw invalid('onError', 'must be a function')
  return {
    endpoint,
    stream,
    hash: `${tagged}:log`,
    retention: new Retention(maxEvents),
    failover,
    publishTimeout,
    probeInterval,
    onError: guarded(onError),
    writerKey: (writer) => `${tagged}:writer:${writer}`,
  }
}

/** What makes other keys lie in the same slot of a cluster: the key's own hash tag if it has one, else all of it. */
function tagOf(key: string): string {
  if (!/[{}]/.test(key)) return `{${key}}`
  if (/^[^{}]*\{[^{}]+\}/.test(key)) return key
  throw invalid('key', 'has braces that are no hash tag: write `name`, or `{tag}name`')
}

/** Whoever throws while an error is reported has nobody left to tell but the console. */
function guarded(onError: (error: SseError) => void): (error: SseError) => void {
  return (error) => {
    try {
      onError(error)
    } catch (thrown) {
      report(thrown)
    }
  }
}

function report(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: the last resort where no `onError` was given.
  console.error('@sse/redis:', error)
}
