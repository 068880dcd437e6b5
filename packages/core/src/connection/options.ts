import { SseError } from '../wire/error.ts'
import { assertRetry } from '../wire/event.ts'
import { type HeaderEntry, headerEntries, type StreamHeaders } from '../wire/headers.ts'
import { HOST, type Hosting } from './host.ts'

/** The longest delay a timer takes, about 24.8 days. */
export const MAX_DELAY = 2_147_483_647

/** Statuses of responses that cannot be streams: they end with their head. */
const BODILESS: readonly number[] = [204, 205, 304]

/** How long a source may stay silent before its headers go out, in milliseconds. */
export const DEFAULT_COMMIT_AFTER = 100
const DEFAULT_MAX_BUFFERED_BYTES = 1024 * 1024

/** Where an error came from. */
export interface ErrorContext {
  /**
   * What was being done: `publish`, `disconnect`, `log`, `filter`, `until`, `map`, `snapshot`, `source`, `write`, `metrics`, `drain`, or the
   * name of a callback that threw.
   */
  readonly stage: string
}

/** What a stream is told beside its source. */
export interface StreamOptions {
  /**
   * The hub the stream belongs to: its heartbeat, serializer and limits apply. A subscription brings its own; without
   * either, streams get the defaults and no limits.
   */
  hub?: Hosting
  /** The status of the response, 200 to 599, one with a body; default 200. Any other makes a browser give up for good. */
  status?: number
  /** Headers of the response; they win over the stream's own. */
  headers?: StreamHeaders
  /** How long this client waits before it reconnects, in milliseconds, 0 to 2147483647. Default: the hub's. */
  retry?: number
  /** How long a source may stay silent before the headers go out without an event, in milliseconds; default 100. */
  commitAfter?: number
  /** How much of what the application sends may wait for a slow client, in bytes; default 1 MiB. Then: `slow`. */
  maxBufferedBytes?: number
  /** Who the client is, for limits, `hub.connections` and `hub.disconnect`. */
  principal?: string
  /** Where the client is, for `limits.perAddress` and `hub.connections`. Default on Node: the peer of the socket. */
  address?: string
  /** When the stream ends, as a `Date` or in milliseconds since the epoch; within a second. Reason: `expired`. */
  expiresAt?: number | Date
  /** Gets what goes wrong after the stream has opened. Default: the hub's. */
  onError?: (error: unknown, context: ErrorContext) => void
}

/** Stream options that were checked, with their defaults. */
export interface StreamSettings {
  readonly status: number | undefined
  readonly headers: readonly HeaderEntry[]
  readonly retry: number | undefined
  readonly commitAfter: number
  readonly maxBufferedBytes: number
  readonly principal: string | undefined
  readonly expiresAt: number | undefined
  readonly onError: ((error: unknown, context: ErrorContext) => void) | undefined
}

/**
 * Checks the options of a stream.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function streamSettings(options?: StreamOptions): StreamSettings {
  return options === undefined ? DEFAULTS : checked(options)
}

function checked(options: StreamOptions): StreamSettings {
  const { hub, status, headers, retry, commitAfter, maxBufferedBytes, principal, address, expiresAt, onError } = options
  if (hub !== undefined && !isHub(hub)) throw invalid('hub', 'must be what `createHub` gave')
  if (status !== undefined) assertStatus(status)
  if (retry !== undefined) assertRetry(retry)
  if (commitAfter !== undefined) assertInteger('commitAfter', commitAfter, 0, MAX_DELAY)
  if (maxBufferedBytes !== undefined) assertInteger('maxBufferedBytes', maxBufferedBytes, 0, Number.MAX_SAFE_INTEGER)
  if (principal !== undefined && typeof principal !== 'string') throw invalid('principal', 'must be a string')
  if (address !== undefined && typeof address !== 'string') throw invalid('address', 'must be a string')
  if (onError !== undefined && typeof onError !== 'function') throw invalid('onError', 'must be a function')
  return {
    status,
    headers: headerEntries(headers),
    retry,
    commitAfter: commitAfter ?? DEFAULT_COMMIT_AFTER,
    maxBufferedBytes: maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
    principal,
    expiresAt: expiresAt === undefined ? undefined : timeOf(expiresAt),
    onError,
  }
}

const DEFAULTS: StreamSettings = checked({})

/**
 * Checks that an option is an integer within its limits.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function assertInteger(name: string, value: unknown, min: number, max: number): asserts value is number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
  throw invalid(name, `must be an integer from ${min} to ${max}, not ${String(value)}`)
}

/** An error about one option. */
export function invalid(name: string, problem: string): SseError {
  return new SseError('SSE_INVALID_FIELD', `Option \`${name}\` ${problem}.`)
}

function isHub(hub: unknown): boolean {
  return typeof hub === 'object' && hub !== null && HOST in hub
}

function assertStatus(status: number): void {
  assertInteger('status', status, 200, 599)
  if (BODILESS.includes(status)) throw invalid('status', `must be one that has a body, not ${status}`)
}

function timeOf(expiresAt: number | Date): number {
  const time: unknown = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt
  if (typeof time === 'number' && Number.isFinite(time)) return time
  throw invalid('expiresAt', 'must be a valid date or a number of milliseconds')
}
