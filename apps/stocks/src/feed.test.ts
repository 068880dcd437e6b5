import { createHub, type HubEvent } from '@sse/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StockEvents } from './events.ts'
import { publishTurn, startFeed, warmUp } from './feed.ts'
import { createMarket } from './market.ts'

describe('warmUp', () => {
  it('gives every symbol a past that ends now', () => {
    const market = createMarket({ seed: 1 })
    warmUp(market, 1_000_000)
    for (const { symbol } of market.listings) {
      const times = market.history(symbol).map(([at]) => at)
      expect(times.length).toBeGreaterThan(100)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(times.at(-1)).toBeLessThan(1_000_000)
      expect(times.at(-1)).toBeGreaterThan(1_000_000 - 10_000)
    }
  })
})

describe('publishTurn', () => {
  it('publishes ticks in order, each to its own topic and keyed by its symbol', async () => {
    const hub = createHub<StockEvents>()
    const market = createMarket({ seed: 1 })
    const events = hub.subscribe('stocks/*')[Symbol.asyncIterator]()
    const first = events.next()
    publishTurn(hub, market, 1_000)
    const heard = [await first, ...(await Promise.all([events.next(), events.next()]))].map(({ value }) => value)
    expect(heard.map(summary)).toEqual([1, 2, 3].map((n) => ({ n, at: 1_000, isOwn: true })))
    await hub.close()
  })
})

function summary({ topic, key, data }: HubEvent<StockEvents>): { n: number; at: number; isOwn: boolean } {
  if (!('at' in data)) throw new Error('Only prices were published')
  return { n: data.n, at: data.at, isOwn: topic === `stocks/${data.symbol}` && key === data.symbol }
}

describe('startFeed', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ticks fifty times a second until it is stopped', () => {
    const hub = createHub<StockEvents>()
    const market = createMarket({ seed: 1 })
    const stop = startFeed(hub, market)
    vi.advanceTimersByTime(1_000)
    expect(market.n).toBe(50)
    stop()
    vi.advanceTimersByTime(1_000)
    expect(market.n).toBe(50)
  })
})
