import type { Hub } from '../../hub/hub.ts'
import type { HubOptions } from '../../hub/options.ts'
import { type AdapterState, control, isCommand } from './control.ts'
import { Hubs, messageOf } from './hubs.ts'
import { Journal } from './journal.ts'
import { type AdapterRoute, adapterRoutes, Gate } from './routes.ts'

/** What an error handler, or a guard that refuses, answers: a status, and a body to be sent as JSON. */
export interface AdapterAnswer {
  readonly status: number
  readonly body: { readonly error: string }
}

/**
 * An application that uses everything an adapter offers, for one server: the half of {@link adapterContract} that runs
 * where the server does, on any runtime. The adapter's test mounts, in its framework's own idiom:
 *
 * - outermost, a middleware that, when `next()` has come back, and unless the response has been sent by then, sets the
 *   header `X-Outer: after` and appends the cookie `outer=1`; inside of it one that appends the cookie `inner=1` before it
 *   calls `next()`
 * - a guard that refuses every request, with {@link refusal}, before the two routes `GET /refused`, which has the adapter's
 *   middleware and would stream, and `GET /refused-plainly`, which has not
 * - the adapter's middleware, with {@link hub}; and JSON bodies, parsed
 * - each of {@link routes}
 * - `POST /control`: answers, as JSON, what {@link control} makes of the parsed body; any status from 200 to 299 will do
 * - one error handler, which answers what {@link handled} says of an error
 */
export interface AdapterApp {
  /** The hub to give to the middleware. */
  readonly hub: Hub
  /** What {@link hub} is made with, for an adapter that insists on making it: see {@link adopt}. */
  readonly hubOptions: HubOptions
  /** What to mount. */
  readonly routes: readonly AdapterRoute[]
  /** What the guard answers. */
  readonly refusal: AdapterAnswer
  /** Takes a hub that was made of {@link hubOptions} for {@link hub}; to be called before anything else is used. */
  adopt(hub: Hub): void
  /** Notes that an error has reached the error handling, and answers what is to be sent: its `status`, else 500. */
  handled(error: unknown): AdapterAnswer
  /** Carries out a command of the contract; rejects with a `TypeError` if the body was none. */
  control(command: unknown): Promise<AdapterState>
}

/** Makes the application for one server: it shares nothing with another. */
export function adapterApp(): AdapterApp {
  const journal = new Journal()
  const hubs = new Hubs(journal)
  const gate = new Gate()
  return {
    get hub() {
      return hubs.main
    },
    hubOptions: hubs.options,
    routes: adapterRoutes({ hubs, journal, gate }),
    refusal: { status: 401, body: { error: 'who are you?' } },
    adopt: (hub) => hubs.adopt(hub),
    handled: (error) => {
      journal.note(`handled ${messageOf(error)}`)
      return { status: statusOf(error), body: { error: messageOf(error) } }
    },
    control: async (command) => {
      if (!isCommand(command)) throw new TypeError(`no command of the contract: ${JSON.stringify(command)}`)
      return control({ journal, hubs, gate }, command)
    },
  }
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  return typeof status === 'number' ? status : 500
}
