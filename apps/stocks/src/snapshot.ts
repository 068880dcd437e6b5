import type { Publication } from '@sse/core'
import type { StockEvents } from './events.ts'
import type { MarketState } from './market.ts'

/** All that a client needs to go on from tick `market.n`: the market, each symbol's past for the chart, and all prices. */
export function snapshotOf(market: MarketState, reason: string): readonly Publication<StockEvents>[] {
  const { seed, n, listings } = market
  return [
    { event: 'market', data: { seed, n, reason, listings } },
    ...listings.map(({ symbol }) => history(symbol, market)),
    ...market.prices().map((price) => ({ event: 'price' as const, data: price, key: price.symbol })),
  ]
}

function history(symbol: string, market: MarketState): Publication<StockEvents> {
  return { event: 'history', data: { symbol, points: market.history(symbol) } }
}
