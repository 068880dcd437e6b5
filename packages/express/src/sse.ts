import {
  type AnyEvents,
  createHub,
  type Hub,
  type HubOptions,
  type Source,
  SseError,
  type SseStream,
  type StreamOptions,
} from '@sse/core'
import type { RequestHandler, Response } from 'express'
import { openStream } from './event-stream.ts'
import { completeWith, type StreamDefaults } from './stream-defaults.ts'

/** What a hub is made with, beside what a middleware has for its streams under the same name. */
export type OwnHubOptions = Omit<HubOptions, keyof StreamDefaults>

/** What the middleware is made with. */
export interface SseOptions<E extends object = AnyEvents> extends StreamDefaults, OwnHubOptions {
  /**
   * The hub that streams belong to. Without one the middleware makes its own, with the options of a hub that are given
   * here; with one, these are refused.
   */
  hub?: Hub<E>
}

/** The middleware; `hub` is what it was given, or made. */
export interface SseMiddleware<E extends object = AnyEvents> extends RequestHandler {
  readonly hub: Hub<E>
}

declare global {
  namespace Express {
    interface Response {
      /**
       * Answers with an event stream, as `res.json` answers with JSON: call it when the request has been checked.
       * Without a source the stream stays open until its `close()`, or until the client goes; `null` answers 204.
       *
       * An error before the stream is open goes to the application's error handling, once. The promise then resolves
       * with a closed stream; it never rejects.
       *
       * @param options win over those of the middleware.
       * @returns the stream, once it is open.
       */
      sse(source?: Source, options?: StreamOptions): Promise<SseStream>
    }
  }
}

/**
 * Makes the middleware that gives responses their `sse` method.
 *
 * @typeParam E the event map of the hub.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function sse<E extends object = AnyEvents>(options: SseOptions<E> = {}): SseMiddleware<E> {
  const hub = hubOf(options)
  const complete = completeWith(options, hub)
  // One method for all responses: nothing is made for a request that does not stream.
  function send(this: Response, source: Source = holdOpen, own?: StreamOptions): Promise<SseStream> {
    return openStream(this.req, this, source, () => complete(this.req, own))
  }
  const handler: RequestHandler = (_req, res, next) => {
    res.sse = send
    next()
  }
  return Object.assign(handler, { hub })
}

function hubOf<E extends object>(options: SseOptions<E>): Hub<E> {
  if (options.hub === undefined) return createHub<E>(options)
  const { log, ring, heartbeat, checkpoints, stallTimeout, lag, limits, serialize, deserialize, onClose } = options
  const own = { log, ring, heartbeat, checkpoints, stallTimeout, lag, limits, serialize, deserialize, onClose }
  for (const [name, value] of Object.entries(own satisfies Record<keyof OwnHubOptions, unknown>)) {
    if (value === undefined) continue
    throw new SseError('SSE_INVALID_FIELD', `Option \`${name}\` belongs to the hub: give it to \`createHub\`.`)
  }
  return options.hub
}

/** The source of a stream that is only sent to, or not even that. */
function holdOpen(): void {}
