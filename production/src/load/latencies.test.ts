import { describe, expect, it } from 'vitest'
import { Latencies } from './latencies.ts'

describe('Latencies', () => {
  it('tells how long shares of them took, to a tenth of a millisecond', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 100; ms++) latencies.add(ms * 1_000 - 1)
    expect([0.5, 0.99, 1].map((share) => latencies.within(share))).toEqual([50, 99, 100])
    expect(latencies.total).toBe(100)
  })

  it('keeps whatever is out of its range at its ends', () => {
    const latencies = new Latencies()
    latencies.add(-5)
    latencies.add(1e12)
    expect(latencies.within(0.5)).toBe(0.1)
    expect(latencies.within(1)).toBeGreaterThanOrEqual(60_000)
  })

  it('adds up what several processes have seen', () => {
    const [one, other] = [new Latencies(), new Latencies()]
    one.add(1_050)
    other.add(3_050)
    one.addAll(new Latencies(other.counts))
    expect([one.total, one.within(0.5), one.within(1)]).toEqual([2, 1.1, 3.1])
  })

  it('knows of none', () => {
    expect(new Latencies().within(0.5)).toBeNaN()
  })
})
