import type { StreamOptions } from '../connection/options.ts'
import type { AnyEvents } from '../hub/event.ts'
import { createHub, type Hub } from '../hub/hub.ts'
import type { HubOptions } from '../hub/options.ts'
import { SseError } from '../wire/error.ts'
import { type CompleteOptions, completeWith, type StreamDefaults } from './stream-defaults.ts'

/** What a hub is made with, beside what a middleware has for its streams under the same name. */
export type OwnHubOptions = Omit<HubOptions, keyof StreamDefaults<never>>

/** What the middleware of a framework is made with. */
export interface MiddlewareOptions<Request, E extends object = AnyEvents>
  extends StreamDefaults<Request>,
    OwnHubOptions {
  /**
   * The hub that streams belong to. Without one the middleware makes its own, with the options of a hub that are given
   * here; with one, these are refused.
   */
  hub?: Hub<E>
}

/** The options of a middleware, checked. */
export interface MiddlewareSettings<Request, E extends object = AnyEvents> {
  /** What was given, or was made. */
  readonly hub: Hub<E>
  /** What a stream is served with: the options of a call, completed by those of the middleware. */
  readonly complete: CompleteOptions<Request>
}

/**
 * Checks the options of a middleware, whatever its framework calls a request.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function middlewareSettings<Request, E extends object = AnyEvents>(
  options: MiddlewareOptions<Request, E>,
): MiddlewareSettings<Request, E> {
  const hub = hubOf(options)
  return { hub, complete: completeWith(options, hub) }
}

function hubOf<Request, E extends object>(options: MiddlewareOptions<Request, E>): Hub<E> {
  if (options.hub === undefined) return createHub<E>(options)
  const { log, ring, heartbeat, checkpoints, stallTimeout, lag, limits, serialize, deserialize, onClose } = options
  const own = { log, ring, heartbeat, checkpoints, stallTimeout, lag, limits, serialize, deserialize, onClose }
  for (const [name, value] of Object.entries(own satisfies Record<keyof OwnHubOptions, unknown>)) {
    if (value === undefined) continue
    throw new SseError('SSE_INVALID_FIELD', `Option \`${name}\` belongs to the hub: give it to \`createHub\`.`)
  }
  return options.hub satisfies NonNullable<StreamOptions['hub']>
}

/** The source of a stream that is only sent to, or not even that. */
export function holdOpen(): void {}
