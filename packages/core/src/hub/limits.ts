import type { Connection } from '../connection/connection.ts'
import type { Refusal } from '../connection/host.ts'
import type { HubLimits } from './options.ts'

/** Counts a hub's connections, in all, by principal and by address. */
export class Limits {
  readonly connections: Set<Connection> = new Set()
  readonly #limits: Readonly<Required<HubLimits>>
  readonly #byPrincipal = new Map<string, number>()
  readonly #byAddress = new Map<string, number>()

  constructor(limits: Readonly<Required<HubLimits>>) {
    this.#limits = limits
  }

  /** Counts a connection in, or says what there is no room for. */
  enter(connection: Connection): Refusal | undefined {
    const { connections, perPrincipal, perAddress } = this.#limits
    const { principal } = connection.settings
    const address = this.#addressOf(connection)
    if (this.connections.size >= connections) return 'connections'
    if (count(this.#byPrincipal, principal) >= perPrincipal) return 'perPrincipal'
    if (count(this.#byAddress, address) >= perAddress) return 'perAddress'
    this.connections.add(connection)
    add(this.#byPrincipal, principal, 1)
    add(this.#byAddress, address, 1)
    return undefined
  }

  /** Counts it out; false if it was not in. */
  leave(connection: Connection): boolean {
    if (!this.connections.delete(connection)) return false
    add(this.#byPrincipal, connection.settings.principal, -1)
    add(this.#byAddress, this.#addressOf(connection), -1)
    return true
  }

  /** Asked only where it matters: it costs a system call for each client. */
  #addressOf(connection: Connection): string | undefined {
    return this.#limits.perAddress === Number.POSITIVE_INFINITY ? undefined : connection.address
  }
}

function count(counts: ReadonlyMap<string, number>, of: string | undefined): number {
  return of === undefined ? 0 : (counts.get(of) ?? 0)
}

function add(counts: Map<string, number>, to: string | undefined, change: number): void {
  if (to === undefined) return
  const sum = count(counts, to) + change
  if (sum === 0) counts.delete(to)
  else counts.set(to, sum)
}
