import type { ServerResponse } from 'node:http'
import { type BeforeApplicationShutdown, Logger } from '@nestjs/common'
import type { ApplicationConfig } from '@nestjs/core'
import {
  type AnyEvents,
  createHub,
  type Hub,
  type HubOptions,
  SseError,
  type SseStream,
  type StreamOptions,
} from '@sse/core'
import {
  type CompleteOptions,
  completeWith,
  MAX_DELAY,
  type MiddlewareOptions,
  type MiddlewareSettings,
  middlewareSettings,
} from '@sse/core/adapter'

/** What the streams of an application are made with. */
export interface StreamsOptions<Request = never, E extends object = AnyEvents>
  extends Omit<MiddlewareOptions<Request, E>, 'retry'> {
  /**
   * How long clients wait before they reconnect, in milliseconds; default drawn from 2,000 to 5,000 for each. A range
   * belongs to the hub: beside one that is given here it is refused.
   */
  retry?: HubOptions['retry']
  /** Over how many milliseconds streams end when the application shuts down, so that clients do not come back at once; default 0. */
  drain?: number
}

/** How long the last bytes of streams may take when the application shuts down, in milliseconds. */
const GRACE = 1_000

/** The streams of one application, and what holds for all of them. */
export class Streams implements BeforeApplicationShutdown {
  readonly hub: Hub
  readonly #complete: CompleteOptions<unknown>
  readonly #ownsHub: boolean
  readonly #drain: number
  readonly #open = new Map<SseStream, ServerResponse>()
  #closing: Promise<void> | undefined

  /** @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits. */
  constructor({ drain = 0, ...options }: StreamsOptions) {
    if (!Number.isInteger(drain) || drain < 0 || drain > MAX_DELAY) {
      throw new SseError('SSE_INVALID_FIELD', `Option \`drain\` must be an integer from 0 to ${MAX_DELAY}.`)
    }
    const { hub, complete } = options.hub === undefined ? ownSettings(options) : givenSettings(options)
    this.hub = hub
    this.#complete = complete as CompleteOptions<unknown>
    this.#ownsHub = options.hub === undefined
    this.#drain = drain
  }

  /** Completes what is said about one stream. Throws what the application's `principal` and `expiresAt` throw. */
  optionsFor(request: unknown, own: StreamOptions): StreamOptions {
    return this.#complete(request, own)
  }

  /** Notes a stream, to end it when the application shuts down. */
  add(stream: SseStream, response: ServerResponse): void {
    this.#open.set(stream, response)
    void stream.closed.then(() => this.#open.delete(stream))
    if (this.#closing !== undefined) endAtLast(stream, response)
  }

  /** Nest waits for it before it waits for connections, which do not end by themselves. */
  beforeApplicationShutdown(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const responses = [...this.#open.values()]
    try {
      if (this.#ownsHub) await this.hub.close({ drain: this.#drain })
    } finally {
      for (const stream of this.#open.keys()) stream.close()
      await allFinished(responses, GRACE)
    }
  }
}

type HubAndDefaults = Omit<StreamsOptions, 'drain'>

/** A hub that was given has an error handler of its own. */
function givenSettings({ retry, ...options }: HubAndDefaults): MiddlewareSettings<never> {
  if (typeof retry === 'number' || retry === undefined) {
    return middlewareSettings({ ...options, ...(retry !== undefined && { retry }) })
  }
  throw new SseError('SSE_INVALID_FIELD', 'Option `retry`, as a range, belongs to the hub: give it to `createHub`.')
}

function ownSettings({ retry, onError = logError, ...options }: HubAndDefaults): MiddlewareSettings<never> {
  const hub = createHub({ ...options, onError, ...(retry !== undefined && { retry }) })
  return { hub, complete: completeWith({ ...options, onError, ...(typeof retry === 'number' && { retry }) }, hub) }
}

/** Resolves when all responses have been taken by their clients. Who takes longer than allowed is cut. */
async function allFinished(responses: readonly ServerResponse[], allowed: number): Promise<void> {
  const open = new Set(responses.filter(({ destroyed }) => !destroyed))
  if (open.size === 0) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      for (const response of open) response.destroy()
    }, allowed)
    for (const response of open) {
      response.once('close', () => {
        open.delete(response)
        if (open.size > 0) return
        clearTimeout(timer)
        resolve()
      })
    }
  })
}

/** Ends a stream that opens while its application shuts down, with its connection: nobody else would close that. */
function endAtLast(stream: SseStream, response: ServerResponse): void {
  const { socket } = response.req
  if (response.req.httpVersionMajor === 1) response.once('close', () => socket.destroySoon())
  stream.close()
}

const logger = new Logger('SSE')

/** What goes wrong once a stream is open concerns the log alone. */
function logError(error: unknown, { stage }: { readonly stage: string }): void {
  if (error instanceof Error) logger.error(`${stage}: ${error.message}`, error.stack)
  else logger.error(`${stage}: ${String(error)}`)
}

const streamsOf = new WeakMap<ApplicationConfig, Streams>()

/** The streams of an application that has not imported the module: with all defaults. */
export function defaultStreams(config: ApplicationConfig): Streams {
  let streams = streamsOf.get(config)
  if (streams === undefined) {
    streams = new Streams({})
    streamsOf.set(config, streams)
  }
  return streams
}
