import type { Listing } from './listings.ts'
import type { Point, Price } from './market.ts'

/** What the demo's hub carries: the name of each event, and its payload. */
export interface StockEvents {
  /** Opens a snapshot: everything up to tick `n` is in it. */
  market: { readonly seed: number; readonly n: number; readonly reason: string; readonly listings: readonly Listing[] }
  /** Part of a snapshot: the last ticks of one symbol, for the chart. */
  history: { readonly symbol: string; readonly points: readonly Point[] }
  /** One tick, keyed by its symbol; in a snapshot, the last tick of each symbol. */
  price: Price
  /** One update for the reader of `/slow`, keyed by its symbol: `n` counts per symbol, `padding` makes it heavy. */
  padded: { readonly symbol: string; readonly n: number; readonly padding: string }
}

/**
 * The first event of every price stream, sent to that client alone: the newest tick when it came, and the id it brought.
 * Ticks up to `n` that arrive afterwards were published while it was away.
 */
export interface Opened {
  readonly n: number
  readonly resumedFrom: string | null
  /** Which of several nodes it comes from; null where there is one server. */
  readonly node: NodeIdentity | null
}

/** One of several nodes, and the balancer's port, which leads to all of them. */
export interface NodeIdentity {
  readonly name: string
  readonly balancerPort: number
}
