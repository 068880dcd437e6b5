import { createMarket, type MarketOptions, type MarketState, type Point, type Price } from './market.ts'

/** A market as a process knows it that does not run it: from its ticks. */
export interface MarketView extends MarketState {
  /** Takes the next tick. One that is not newer than the last is passed over. */
  take(price: Price): void
}

/**
 * Makes the view of a market whose ticks come from elsewhere. Until a symbol's first tick it trades at its opening price,
 * which the seed decides.
 */
export function createMarketView({ seed, historyLength = 240 }: MarketOptions): MarketView {
  const { listings, prices } = createMarket({ seed })
  const last = new Map(prices().map((price) => [price.symbol, price]))
  const histories = new Map<string, Point[]>(listings.map(({ symbol }) => [symbol, []]))
  let n = 0

  return {
    seed,
    listings,
    get n() {
      return n
    },
    take(price) {
      const history = histories.get(price.symbol)
      if (history === undefined || price.n <= n) return
      n = price.n
      last.set(price.symbol, price)
      history.push([price.at, price.price])
      if (history.length > historyLength) history.shift()
    },
    prices: () => [...last.values()],
    history: (symbol) => [...(histories.get(symbol) ?? [])],
  }
}
