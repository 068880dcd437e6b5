import { createHub, type Hub } from '../../hub/hub.ts'
import type { HubOptions } from '../../hub/options.ts'
import type { Journal } from './journal.ts'

const MIB = 1024 * 1024

/** The hubs of an application, each made when it is first used: one for the middleware, and some with narrow limits. */
export class Hubs {
  /** What the hub of the middleware is made with. */
  readonly options: HubOptions
  readonly #hubs = new Map<string, Hub>()

  constructor(journal: Journal) {
    this.options = {
      onError: (error, { stage }) => journal.note(`error ${stage}: ${messageOf(error)}`),
      onClose: (_, reason) => journal.note(`closed ${reason}`),
    }
  }

  /** The one of the middleware. */
  get main(): Hub {
    return this.#named('main', {})
  }

  /** Its ring holds four events. */
  get short(): Hub {
    return this.#named('short', { ring: { maxEvents: 4 } })
  }

  /** Its ring holds less than a kernel does for one socket. */
  get narrow(): Hub {
    return this.#named('narrow', { ring: { maxBytes: MIB } })
  }

  /** Its ring holds more than any kernel does, and it does not wait long for who takes nothing. */
  get impatient(): Hub {
    return this.#named('impatient', { ring: { maxBytes: 64 * MIB }, stallTimeout: 300 })
  }

  /** Its ring holds as much, and it waits. */
  get roomy(): Hub {
    return this.#named('roomy', { ring: { maxBytes: 64 * MIB } })
  }

  /** Its heart beats fast. */
  get lively(): Hub {
    return this.#named('lively', { heartbeat: 40 })
  }

  /** It has no room. */
  get full(): Hub {
    return this.#named('full', { limits: { connections: 0 } })
  }

  /** It has no room for anybody in particular. */
  get crowded(): Hub {
    return this.#named('crowded', { limits: { perPrincipal: 0 } })
  }

  /** Takes a hub that was made elsewhere, with {@link options}, for the one of the middleware. */
  adopt(hub: Hub): void {
    if (this.#hubs.has('main')) throw new TypeError('the hub of the middleware is in use: adopt() must come before')
    this.#hubs.set('main', hub)
  }

  /** How many streams are open. */
  get size(): number {
    let size = 0
    for (const hub of this.#hubs.values()) size += hub.size
    return size
  }

  /** The one of that name. */
  named(name: HubName): Hub {
    return this[name]
  }

  /** Closes them all: the one of the middleware, and whichever was used. */
  async close(): Promise<void> {
    await Promise.all([...this.#hubs.values()].map((hub) => hub.close()))
  }

  #named(name: string, options: HubOptions): Hub {
    const hub = this.#hubs.get(name) ?? createHub({ ...this.options, ...options })
    this.#hubs.set(name, hub)
    return hub
  }
}

/** A hub of an application. */
export type HubName = (typeof HUB_NAMES)[number]

/** The names of the hubs of an application. */
export const HUB_NAMES = ['main', 'short', 'narrow', 'impatient', 'roomy', 'lively', 'full', 'crowded'] as const

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
