import { type Listing, listings } from './listings.ts'
import { type Random, seededRandom } from './random.ts'

/** One tick: what a symbol trades at now. */
export interface Price {
  readonly symbol: string
  readonly price: number
  /** The price at which the market opened. */
  readonly open: number
  /** The tick's number, counted over the whole market without a hole: who sees 7 and then 9 has missed 8. */
  readonly n: number
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

/** A moment (milliseconds since the Unix epoch) and the price then. */
export type Point = readonly [at: number, price: number]

/** What is known of a market at a moment: all that a snapshot is made of. */
export interface MarketState {
  readonly seed: number
  readonly listings: readonly Listing[]
  /** The number of the last tick; 0 before the first. */
  readonly n: number
  /** What every symbol trades at, in the order of {@link MarketState.listings}. */
  prices(): readonly Price[]
  /** The last ticks of a symbol, oldest first; none for a symbol that is not traded. */
  history(symbol: string): readonly Point[]
}

/** A market of invented companies whose prices are a seeded random walk. */
export interface Market extends MarketState {
  /** Moves one symbol, drawn at random, and tells its new price. */
  tick(at: number): Price
}

/** What makes a market. */
export interface MarketOptions {
  /** Decides every symbol and price to come. */
  readonly seed: number
  /** How many ticks of each symbol {@link MarketState.history} keeps; 240 if not given. */
  readonly historyLength?: number
}

interface Stock {
  readonly open: number
  /** The standard deviation of one tick, as a share of the price. */
  readonly volatility: number
  readonly points: Point[]
  last: Price
}

/** How much of the way back to its opening price a symbol is drawn at each tick, so that it can run for weeks. */
const PULL = 0.0006

/** Opens a market. Two markets with one seed tick the same symbols and prices in the same order, for ever. */
export function createMarket({ seed, historyLength = 240 }: MarketOptions): Market {
  const random = seededRandom(seed)
  const stocks = new Map(listings.map(({ symbol }) => [symbol, openStock(symbol, random)]))
  const order = [...stocks.values()]
  let n = 0

  return {
    seed,
    listings,
    get n() {
      return n
    },
    tick(at) {
      const stock = order[Math.floor(random.uniform() * order.length)]
      if (stock === undefined) throw new Error('A market without listings cannot tick')
      n += 1
      stock.last = { ...stock.last, price: nextPrice(stock, random), n, at }
      stock.points.push([at, stock.last.price])
      if (stock.points.length > historyLength) stock.points.shift()
      return stock.last
    },
    prices: () => order.map((stock) => stock.last),
    history: (symbol) => [...(stocks.get(symbol)?.points ?? [])],
  }
}

function openStock(symbol: string, random: Random): Stock {
  const open = toCents(14 * 24 ** random.uniform())
  const volatility = 0.001 + 0.0016 * random.uniform()
  return { open, volatility, points: [], last: { symbol, price: open, open, n: 0, at: 0 } }
}

function nextPrice({ open, volatility, last }: Stock, random: Random): number {
  const step = volatility * random.normal() - PULL * Math.log(last.price / open)
  return toCents(last.price * Math.exp(step))
}

function toCents(amount: number): number {
  return Math.max(0.01, Math.round(amount * 100) / 100)
}
