import { describe, expect, it } from 'vitest'
import { createMarket } from './market.ts'
import { createMarketView } from './market-view.ts'

describe('createMarketView', () => {
  it('knows of its ticks what the market itself knows', () => {
    const market = createMarket({ seed: 7 })
    const view = createMarketView({ seed: 7 })
    for (let at = 0; at < 2_000; at++) view.take(market.tick(at))
    expect(view.n).toBe(2_000)
    expect(view.prices()).toEqual(market.prices())
    for (const { symbol } of market.listings) expect(view.history(symbol)).toEqual(market.history(symbol))
  })

  it('begins with the opening prices of its seed', () => {
    expect(createMarketView({ seed: 7 }).prices()).toEqual(createMarket({ seed: 7 }).prices())
  })

  it('keeps so many ticks of each symbol, and none that comes again or is of no symbol', () => {
    const view = createMarketView({ seed: 7, historyLength: 2 })
    const tick = { symbol: 'ALDR', price: 1, open: 1, at: 0 }
    for (const n of [5, 6, 7]) view.take({ ...tick, n, at: n })
    for (const n of [7, 4]) view.take({ ...tick, n, at: n, price: 2 })
    view.take({ ...tick, symbol: 'NONE', n: 8 })
    expect(view.n).toBe(7)
    expect(view.history('ALDR')).toEqual([
      [6, 1],
      [7, 1],
    ])
    expect(view.history('NONE')).toEqual([])
  })
})
