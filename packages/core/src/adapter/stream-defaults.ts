import { type StreamOptions, type StreamSettings, streamSettings } from '../connection/options.ts'
import { SseError } from '../wire/error.ts'
import type { StreamHeaders } from '../wire/headers.ts'

/** What holds for every stream of a middleware, unless the call that opens it says otherwise. */
export interface StreamDefaults<Request>
  extends Pick<StreamOptions, 'headers' | 'retry' | 'commitAfter' | 'maxBufferedBytes' | 'onError'> {
  /** Who the client of a request is, for limits, `hub.connections` and `hub.disconnect`. */
  principal?: (request: Request) => string | undefined
  /**
   * Where the client of a request is, for `limits.perAddress` and `hub.connections`: what your framework cannot know, such
   * as the header of a proxy that you trust. Default: what it does know.
   */
  address?: (request: Request) => string | undefined
  /**
   * When streams end, as a `Date` or in milliseconds since the epoch; within a second. Reason: `expired`. A function is
   * asked for each stream: when does that expire by which this request was authorised?
   */
  expiresAt?: number | Date | ((request: Request) => number | Date | undefined)
}

/** Completes what a call gives. Throws what the application's `principal` and `expiresAt` throw. */
export type CompleteOptions<Request> = (request: Request, own?: StreamOptions) => StreamOptions

/**
 * Checks defaults, and answers how they complete the options of a stream: what a call leaves out, or `undefined`, is the
 * default's; headers are completed one by one.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function completeWith<Request>(
  defaults: StreamDefaults<Request>,
  hub: StreamOptions['hub'],
): CompleteOptions<Request> {
  const { retry, commitAfter, maxBufferedBytes, onError, principal, address, expiresAt } = defaults
  for (const [name, value] of Object.entries({ principal, address })) {
    if (value === undefined || typeof value === 'function') continue
    throw new SseError('SSE_INVALID_FIELD', `Option \`${name}\` must be a function of the request.`)
  }
  const expiryOf = typeof expiresAt === 'function' ? expiresAt : () => expiresAt
  const fixed = { hub, headers: defaults.headers, retry, commitAfter, maxBufferedBytes, onError }
  const { headers } = streamSettings(typeof expiresAt === 'function' ? fixed : { ...fixed, expiresAt })
  return (request, own = {}) => ({
    ...own,
    hub: own.hub ?? hub,
    headers: headers.length === 0 ? own.headers : completeHeaders(own.headers, headers),
    retry: own.retry ?? retry,
    commitAfter: own.commitAfter ?? commitAfter,
    maxBufferedBytes: own.maxBufferedBytes ?? maxBufferedBytes,
    onError: own.onError ?? onError,
    principal: own.principal ?? principal?.(request),
    address: own.address ?? address?.(request),
    expiresAt: own.expiresAt ?? expiryOf(request),
  })
}

function completeHeaders(own: StreamHeaders | undefined, defaults: StreamSettings['headers']): StreamHeaders {
  const { headers } = streamSettings({ headers: own })
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  return Object.fromEntries([...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...headers])
}
