import { type CloseReason, createHub } from '@sse/core'
import { RawClient } from '@sse/tooling/raw-client'
import { describe, expect, it } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import { until } from './until.ts'

const HEARTBEAT = 500

describe.concurrent.each(SERVERS)('a client of $name that does not read', ({ start }) => {
  it('is released within two heartbeats of when its bytes began to wait, and what it was sent with it', async ({
    onTestFinished,
  }) => {
    let ended: { reason: CloseReason; at: number } | undefined
    const hub = createHub({
      heartbeat: HEARTBEAT,
      stallTimeout: 2 * HEARTBEAT,
      onClose: (_, reason) => {
        ended = { reason, at: performance.now() }
      },
    })
    const source = () => hub.subscribe('feed', { lag: 'skip' })
    const { port, close } = await start({ hub, routes: [{ method: 'GET', path: '/feed', source }] })
    onTestFinished(close)
    const client = new RawClient(port, { reads: false }).request('GET /feed')
    await until(() => hub.size === 1)
    let waitsSince = 0
    while (waitsSince === 0) {
      await hub.publish('feed', { data: 'x'.repeat(100_000) })
      if (hub.stats().lagging > 0) waitsSince = performance.now()
    }
    await until(() => ended !== undefined)
    expect(ended?.reason).toBe('stalled')
    // It is looked at four times in that time.
    expect((ended?.at ?? 0) - waitsSince).toBeLessThan(2 * HEARTBEAT * 1.25 + 500)
    expect(hub.stats()).toMatchObject({ connections: 0, lagging: 0 })
    client.socket.destroy()
  })
})
