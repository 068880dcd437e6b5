import { describe, expect, it } from 'vitest'
import { createMarket, type Market, type Price } from './market.ts'

const ticks = (market: Market, count: number): Price[] => Array.from({ length: count }, (_, i) => market.tick(i))

describe('createMarket', () => {
  it('ticks the same symbols and prices from the same seed, and others from another', () => {
    const [one, again, other] = [7, 7, 8].map((seed) => ticks(createMarket({ seed }), 2_000))
    expect(one).toEqual(again)
    expect(one).not.toEqual(other)
  })

  it('trades at least 20 symbols, and ticks each of them', () => {
    const market = createMarket({ seed: 1 })
    const symbols = new Set(market.listings.map(({ symbol }) => symbol))
    expect(symbols.size).toBe(market.listings.length)
    expect(symbols.size).toBeGreaterThanOrEqual(20)
    expect(new Set(ticks(market, 2_000).map(({ symbol }) => symbol))).toEqual(symbols)
  })

  it('counts ticks over the whole market without a hole', () => {
    const market = createMarket({ seed: 1 })
    expect(market.n).toBe(0)
    expect(ticks(market, 100).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(market.n).toBe(100)
  })

  it('tells the last price of every symbol, also of one that has not ticked yet', () => {
    const market = createMarket({ seed: 1 })
    const opening = market.prices()
    expect(opening.map(({ symbol }) => symbol)).toEqual(market.listings.map(({ symbol }) => symbol))
    for (const { price, open, n } of opening) expect([price, n]).toEqual([open, 0])
    const last = new Map([...opening, ...ticks(market, 50)].map((price) => [price.symbol, price]))
    expect(market.prices()).toEqual([...last.values()])
  })

  it('stays a market for a million ticks: prices in cents, above zero, in sight of where they opened', () => {
    const market = createMarket({ seed: 3 })
    for (let i = 0; i < 1_000_000; i++) {
      const { price, open } = market.tick(i)
      if (Number.isSafeInteger(Math.round(price * 100)) && price > open * 0.6 && price < open * 1.6) continue
      expect.fail(`tick ${i}: ${price} after opening at ${open}`)
    }
  })

  it('keeps as many of the last ticks of a symbol as it was told, oldest first', () => {
    const market = createMarket({ seed: 1, historyLength: 3 })
    const all = ticks(market, 500)
    for (const { symbol } of market.listings) {
      const own = all.filter((tick) => tick.symbol === symbol).map(({ at, price }) => [at, price])
      expect(market.history(symbol)).toEqual(own.slice(-3))
    }
    expect(market.history('NONE')).toEqual([])
  })

  it('hands out history that later ticks do not change', () => {
    const market = createMarket({ seed: 1 })
    const before = market.listings.map(({ symbol }) => market.history(symbol))
    ticks(market, 100)
    for (const points of before) expect(points).toEqual([])
  })
})
