import type { HubStats } from '@sse/core'
import type { EngineName } from '../shared-log.ts'
import type { WorkerState } from './worker.ts'

/** How a node is at the moment. */
export interface NodeStatus {
  readonly name: string
  readonly port: number
  readonly state: WorkerState
  readonly pid: number | null
  /** The pages whose streams lead to it, by their numbers. */
  readonly pages: readonly number[]
  /** What its hub says of itself; null where it does not answer. */
  readonly stats: HubStats | null
  /** Whether its hub follows the log; if not, why not. */
  readonly log: { readonly ok: boolean; readonly error?: string }
}

/** What the balancer tells the pages. */
export interface FleetEvents {
  /** All nodes, as they are now. */
  nodes: { readonly engine: EngineName; readonly nodes: readonly NodeStatus[] }
}

/** What a killed node was. */
export interface Killed {
  readonly pid: number | null
}

/** The first event of every stream of the above, for that client alone: what its page is called. */
export interface You {
  readonly page: number
}
