import { type Hub, topic } from '@sse/core'
import type { StockEvents } from './events.ts'
import type { Market } from './market.ts'

/** How long the market has been open, in ticks, when the server starts: the first visitor sees a chart. */
const WARM_UP_TICKS = 5_000

/** Ticks in one turn, and milliseconds from turn to turn: 50 ticks a second. */
const TICKS_PER_TURN = 5
const TURN_INTERVAL = 100

/** Runs the market without anyone listening, as if it had opened a while ago, so that it has a past. */
export function warmUp(market: Market, now: number): void {
  const interval = TURN_INTERVAL / TICKS_PER_TURN
  for (let left = WARM_UP_TICKS; left > 0; left--) market.tick(now - left * interval)
}

/**
 * Publishes the market's next ticks: each to its symbol's topic, keyed by the symbol, so that of a client that cannot
 * keep up and chose `conflate` nothing but outdated prices is kept.
 */
export function publishTurn(hub: Hub<StockEvents>, market: Market, now: number): void {
  for (let tick = 0; tick < TICKS_PER_TURN; tick++) {
    const price = market.tick(now)
    void hub.publish(topic`stocks/${price.symbol}`, { event: 'price', data: price, key: price.symbol })
  }
}

/** Publishes a turn of the market every 100 ms; answers how to stop it. */
export function startFeed(hub: Hub<StockEvents>, market: Market): () => void {
  const timer = setInterval(() => publishTurn(hub, market, Date.now()), TURN_INTERVAL)
  return () => clearInterval(timer)
}
