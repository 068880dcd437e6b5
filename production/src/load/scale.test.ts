import { describe, expect, it } from 'vitest'
import { runLoad } from './scale-run.ts'

describe('a load', () => {
  it('comes to everyone, and is measured', async () => {
    const load = { server: 'express', connections: 200, rate: 20, seconds: 0.5, bytes: 100 }
    const scaled = await runLoad(load, () => {})
    expect(scaled).toMatchObject({ connections: 200, events: 10, missing: 0, stoppedBy: undefined })
    const { memoryPerConnection, latency, ping, publishing } = scaled
    expect(memoryPerConnection).toBeLessThan(200_000)
    expect(latency.p50).toBeGreaterThan(0)
    expect(latency.p50).toBeLessThanOrEqual(latency.max)
    expect(ping.p50).toBeGreaterThan(0)
    expect(publishing.cpu).toBeGreaterThan(0)
  })
})
