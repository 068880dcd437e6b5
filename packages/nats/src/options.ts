import type { NatsConnection } from '@nats-io/nats-core'
import { SseError } from '@sse/core'
import { assertInteger, invalid, MAX_DELAY, Retention } from '@sse/core/engine'
import { type Connector, connectorOf } from './connector.ts'

/** Options of `natsLog`: a `connection` or `servers`, and what is to be otherwise than by default. */
export interface NatsLogOptions {
  /**
   * Your connection, which you may use for anything else, and close; it is never closed here. It should reconnect for ever
   * (`maxReconnectAttempts: -1`), since one that has given up is of no use any more. Or a function that makes a connection for
   * this log alone, which the log closes, and makes anew when it breaks.
   */
  readonly connection?: NatsConnection | (() => Promise<NatsConnection>)
  /**
   * Where NATS is, such as `nats://localhost:4222`, or several servers of one cluster: connects with
   * `@nats-io/transport-node`, when it is needed. `user:password@` or `token@` may stand in front of a host, and
   * `tls://` instead of `nats://`. For anything else, such as certificates or a credentials file, give a `connection`.
   */
  readonly servers?: string | readonly string[]
  /**
   * The name of the stream, default `sse`: up to 128 of `[A-Za-z0-9_-]`. One for each hub. What is published goes to the
   * subject `sse.<stream>`.
   */
  readonly stream?: string
  /**
   * How many events the stream keeps, if it is made here. Default: twice the ring of the hub that follows, at least 20,000.
   * Less than the ring is refused, also of a stream that is there already.
   */
  readonly maxEvents?: number
  /** How many bytes the stream keeps, if it is made here. Default: as many as there is room for. */
  readonly maxBytes?: number
  /** On how many servers of a cluster each event is, if the stream is made here, 1 to 5: default 1. */
  readonly replicas?: number
  /** Where the stream is, if it is made here: default `file`. In `memory` it does not outlive its server. */
  readonly storage?: 'file' | 'memory'
  /** How long a publish waits for NATS, in milliseconds, before it is rejected: default 5,000. `false`: as long as it takes. */
  readonly publishTimeout?: number | false
  /**
   * How often NATS is asked whether the stream is as it was, in milliseconds, 100 to 60,000: default 2,000. A server that does not answer
   * for as long is taken for gone.
   */
  readonly probeInterval?: number
  /** Gets what was found in the stream and is not ours; such messages are skipped. Default: the console. */
  readonly onError?: (error: SseError) => void
}

/** The options, checked, with what follows from them. */
export interface NatsSettings {
  readonly connector: Connector
  readonly stream: string
  readonly subject: string
  readonly retention: Retention
  readonly maxBytes: number | undefined
  readonly replicas: number
  readonly storage: 'file' | 'memory'
  readonly publishTimeout: number | false
  readonly probeInterval: number
  readonly onError: (error: SseError) => void
}

const KNOWN = [
  'connection',
  'servers',
  'stream',
  'maxEvents',
  'maxBytes',
  'replicas',
  'storage',
  'publishTimeout',
  'probeInterval',
  'onError',
]

/**
 * Checks the options.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function natsSettings(options: NatsLogOptions): NatsSettings {
  if (typeof options !== 'object' || options === null) {
    throw new SseError('SSE_INVALID_FIELD', '`natsLog` takes an object with `connection` or `servers`.')
  }
  for (const name of Object.keys(options)) if (!KNOWN.includes(name)) throw invalid(name, 'is not known to natsLog')
  const { stream = 'sse', maxEvents, maxBytes, replicas = 1, storage = 'file', onError = report } = options
  const { publishTimeout = 5_000, probeInterval = 2_000 } = options
  if (typeof stream !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(stream)) {
    throw invalid('stream', 'must be 1 to 128 of [A-Za-z0-9_-]')
  }
  if (maxEvents !== undefined) assertInteger('maxEvents', maxEvents, 1, Number.MAX_SAFE_INTEGER)
  if (maxBytes !== undefined) assertInteger('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER)
  assertInteger('replicas', replicas, 1, 5)
  if (storage !== 'file' && storage !== 'memory') throw invalid('storage', "must be 'file' or 'memory'")
  if (publishTimeout !== false) assertInteger('publishTimeout', publishTimeout, 1, MAX_DELAY)
  assertInteger('probeInterval', probeInterval, 100, 60_000)
  if (typeof onError !== 'function') throw invalid('onError', 'must be a function')
  return {
    connector: connectorOf(options, stream, probeInterval),
    stream,
    subject: `sse.${stream}`,
    retention: new Retention(maxEvents),
    maxBytes,
    replicas,
    storage,
    publishTimeout,
    probeInterval,
    onError,
  }
}

function report(error: SseError): void {
  // biome-ignore lint/suspicious/noConsole: the last resort where no `onError` was given.
  console.error(error)
}
