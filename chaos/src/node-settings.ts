import type { BrokenName } from './broken-log.ts'
import type { Draft, EngineName, Plan } from './plan.ts'

/** What a node is started with. */
export interface NodeSettings extends Pick<Plan, 'ring' | 'retention' | 'failover' | 'publishTimeout' | 'lag'> {
  readonly engine: EngineName
  /** Where its engine is: its cable's. */
  readonly port: number
  readonly probeInterval: number
  /** Whether its streams are kept in memory. NATS. */
  readonly isInMemory: boolean
  /** How this node is broken, if it is. */
  readonly broken: BrokenName | undefined
}

/** An event with its number. */
export interface Numbered extends Draft {
  readonly serial: number
}

/** What a node is asked. */
export type Ask = { readonly ask: 'publish'; readonly events: readonly Numbered[] } | { readonly ask: 'head' }

/** What a node says. */
export type Say =
  | { readonly say: 'listening'; readonly port: number }
  | { readonly say: 'ready' }
  | { readonly say: 'published'; readonly serial: number; readonly id?: string; readonly error?: string }
  | { readonly say: 'head'; readonly head: string }
  | { readonly say: 'error'; readonly stage: string; readonly message: string }
