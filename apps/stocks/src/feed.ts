import { type Hub, topic } from '@sse/core'
import type { StockEvents } from './events.ts'
import type { Market, Price } from './market.ts'

/** How long the market has been open, in ticks, when the server starts: the first visitor sees a chart. */
const WARM_UP_TICKS = 5_000

/** Ticks in one turn: 50 a second. */
const TICKS_PER_TURN = 5
/** Milliseconds from turn to turn. */
export const TURN_INTERVAL = 100

/** Runs the market as if it had opened a while ago, so that it has a past, and answers the ticks of that time. */
export function warmUp(market: Market, now: number): readonly Price[] {
  const interval = TURN_INTERVAL / TICKS_PER_TURN
  return Array.from({ length: WARM_UP_TICKS }, (_, tick) => market.tick(now - (WARM_UP_TICKS - tick) * interval))
}

/** Where ticks go: a hub, or a publisher in a process that serves nobody. */
export type TickSink = Pick<Hub<StockEvents>, 'publish'>

/**
 * Publishes a tick to its symbol's topic, keyed by the symbol, so that of a client that cannot keep up and chose
 * `conflate` nothing but outdated prices is kept.
 */
export function publishTick(sink: TickSink, price: Price): Promise<string> {
  return sink.publish(topic`stocks/${price.symbol}`, { event: 'price', data: price, key: price.symbol })
}

/** Publishes the market's next ticks; answers what {@link TickSink.publish} did. */
export function publishTurn(sink: TickSink, market: Market, now: number): readonly Promise<string>[] {
  return Array.from({ length: TICKS_PER_TURN }, () => publishTick(sink, market.tick(now)))
}

/** Publishes a turn of the market every 100 ms; answers how to stop it. */
export function startFeed(hub: Hub<StockEvents>, market: Market): () => void {
  const timer = setInterval(() => publishTurn(hub, market, Date.now()), TURN_INTERVAL)
  return () => clearInterval(timer)
}
