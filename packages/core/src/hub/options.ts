import type { ConnectionInfo } from '../connection/connection.ts'
import type { CloseReason } from '../connection/host.ts'
import { drawRetry, reportError } from '../connection/host.ts'
import { assertInteger, type ErrorContext, invalid, MAX_DELAY } from '../connection/options.ts'
import type { Serialize } from '../wire/encode.ts'
import { assertRetry, MAX_RETRY } from '../wire/event.ts'
import type { EventLog } from './log.ts'
import { memoryLog } from './memory-log.ts'
import type { RingBounds } from './ring.ts'

/**
 * What happens to a client that the ring has moved past:
 *
 * - `disconnect`: it is cut, reason `slow`, and comes back with its id
 * - `skip`: it is told of a gap, and goes on with what is new
 * - `conflate`: of what it has missed it gets the newest event of each topic, event and `key`
 */
export type Lag = 'disconnect' | 'skip' | 'conflate'

/** How many there may be, per process. Without a number there is no limit. */
export interface HubLimits {
  /** Open connections. Beyond: a browser is told to come back in 5 to 15 seconds, everyone else gets 503. */
  connections?: number
  /** Open connections of one `principal`. Beyond: 429, to a browser as above. */
  perPrincipal?: number
  /** Open connections of one address. Beyond: 429, to a browser as above. */
  perAddress?: number
  /** Bytes of an event, its `data`, `event` and `key` together; default 1 MiB. Beyond, `publish` throws `SSE_LIMIT`. */
  eventBytes?: number
}

/** What a hub is made with. */
export interface HubOptions {
  /** The log that is followed; default `memoryLog()`, for one process. */
  log?: EventLog
  /** The bounds of the history in memory: default 10,000 events, 16 MiB, any age (ms). */
  ring?: { maxEvents?: number; maxBytes?: number; maxAge?: number }
  /** How long a stream may be quiet, in milliseconds; default 15,000. `false`: no heartbeat. */
  heartbeat?: number | false
  /**
   * Whether a quiet client is told the id it has reached, in frames of an id alone: when its stream opens and as its
   * heartbeat; default true. False: comments only, for clients that dispatch such frames.
   */
  checkpoints?: boolean
  /** How long a client may take no byte while some wait, in milliseconds, default 30,000. Then: `stalled`. */
  stallTimeout?: number
  /** How long clients wait before they reconnect, in milliseconds; default drawn from 2,000 to 5,000 for each. */
  retry?: number | { min: number; max: number }
  /** What happens to a client that is too slow, unless its subscription says; default `disconnect`. */
  lag?: Lag
  limits?: HubLimits
  /** Turns `data` that is no string into text; default `JSON.stringify`. */
  serialize?: Serialize
  /** Turns that text back, for `filter`, `until` and direct readers; default `JSON.parse`. */
  deserialize?: (text: string) => unknown
  /** Gets what nobody awaits: failed publishes, throwing sources and callbacks, a log that is away. Default: the console. */
  onError?: (error: unknown, context: ErrorContext) => void
  /** Is told of every stream that has ended, and why. */
  onClose?: (connection: ConnectionInfo, reason: CloseReason) => void
}

/** Hub options that were checked, with their defaults. */
export interface HubSettings {
  readonly log: EventLog
  readonly ring: RingBounds
  readonly heartbeat: number | false
  readonly checkpoints: boolean
  readonly stallTimeout: number
  readonly retry: () => number
  readonly lag: Lag
  readonly limits: Readonly<Required<HubLimits>>
  readonly serialize: Serialize
  readonly deserialize: (text: string) => unknown
  readonly onError: (error: unknown, context: ErrorContext) => void
  readonly onClose: ((connection: ConnectionInfo, reason: CloseReason) => void) | undefined
}

const MIB = 1024 * 1024

/**
 * Checks the options of a hub.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function hubSettings(options: HubOptions = {}): HubSettings {
  const { log, heartbeat = 15_000, checkpoints = true, stallTimeout = 30_000, lag = 'disconnect' } = options
  const { serialize = JSON.stringify, deserialize = JSON.parse, onError = reportError, onClose } = options
  if (heartbeat !== false) assertInteger('heartbeat', heartbeat, 1, MAX_DELAY)
  assertInteger('stallTimeout', stallTimeout, 1, MAX_DELAY)
  if (typeof checkpoints !== 'boolean') throw invalid('checkpoints', 'must be true or false')
  assertLag(lag)
  for (const [name, callback] of Object.entries({ serialize, deserialize, onError, onClose })) {
    if (callback !== undefined && typeof callback !== 'function') throw invalid(name, 'must be a function')
  }
  if (log !== undefined && !isLog(log)) throw invalid('log', 'must be a log, such as `memoryLog()` gives')
  assertFields('ring', options.ring, ['maxEvents', 'maxBytes', 'maxAge'])
  assertFields('limits', options.limits, ['connections', 'perPrincipal', 'perAddress', 'eventBytes'])
  const ring = ringBounds(options.ring)
  return {
    log: log ?? memoryLog(),
    ring,
    heartbeat,
    checkpoints,
    stallTimeout,
    retry: retryOf(options.retry),
    lag,
    limits: hubLimits(options.limits, ring),
    serialize,
    deserialize,
    onError,
    onClose,
  }
}

/**
 * Checks a lag policy.
 *
 * @throws {SseError} `SSE_INVALID_FIELD`
 */
export function assertLag(lag: unknown): asserts lag is Lag {
  if (lag === 'disconnect' || lag === 'skip' || lag === 'conflate') return
  throw invalid('lag', "must be 'disconnect', 'skip' or 'conflate'")
}

function ringBounds({ maxEvents = 10_000, maxBytes = 16 * MIB, maxAge }: HubOptions['ring'] & object = {}): RingBounds {
  assertInteger('ring.maxEvents', maxEvents, 1, 10_000_000)
  assertInteger('ring.maxBytes', maxBytes, 1_024, Number.MAX_SAFE_INTEGER)
  if (maxAge !== undefined) assertInteger('ring.maxAge', maxAge, 1, Number.MAX_SAFE_INTEGER)
  return { maxEvents, maxBytes, maxAge: maxAge ?? Number.POSITIVE_INFINITY }
}

function hubLimits(limits: HubLimits = {}, ring: RingBounds): Required<HubLimits> {
  const { connections, perPrincipal, perAddress, eventBytes } = limits
  for (const [name, value] of Object.entries({ connections, perPrincipal, perAddress })) {
    if (value !== undefined) assertInteger(`limits.${name}`, value, 0, Number.MAX_SAFE_INTEGER)
  }
  // An event that the ring cannot hold could never be resumed.
  if (eventBytes !== undefined) assertInteger('limits.eventBytes', eventBytes, 1, ring.maxBytes)
  return {
    connections: connections ?? Number.POSITIVE_INFINITY,
    perPrincipal: perPrincipal ?? Number.POSITIVE_INFINITY,
    perAddress: perAddress ?? Number.POSITIVE_INFINITY,
    eventBytes: eventBytes ?? Math.min(MIB, ring.maxBytes),
  }
}

function isLog(log: unknown): log is EventLog {
  return (
    typeof log === 'object' &&
    log !== null &&
    ['append', 'follow', 'compare', 'isPosition'].every((name) => name in log)
  )
}

/** A limit whose name is misspelt would be no limit at all. */
function assertFields(name: string, value: unknown, known: readonly string[]): void {
  assertObject(name, value)
  for (const field of Object.keys(value ?? {})) {
    if (!known.includes(field)) throw invalid(`${name}.${field}`, `is unknown: there are ${known.join(', ')}`)
  }
}

function assertObject(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null)) return
  throw invalid(name, `must be an object, not ${String(value)}`)
}

function retryOf(retry: HubOptions['retry']): () => number {
  if (retry === undefined) return drawRetry
  if (typeof retry === 'number') {
    assertRetry(retry)
    return () => retry
  }
  assertObject('retry', retry)
  const { min, max } = retry
  assertInteger('retry.min', min, 0, MAX_RETRY)
  assertInteger('retry.max', max, min, MAX_RETRY)
  return () => drawRetry(min, max)
}
