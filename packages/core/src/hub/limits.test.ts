import { describe, expect, it } from 'vitest'
import { askFor, type ClientRequest, StreamClient } from '../../test/stream-client.ts'
import type { SseEvent } from '../wire/event.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubLimits } from './options.ts'

describe('limits', () => {
  const kinds: [limit: keyof HubLimits, status: number, request: ClientRequest, other: ClientRequest][] = [
    ['connections', 503, {}, {}],
    ['perPrincipal', 429, { principal: 'ann' }, { principal: 'bob' }],
    ['perAddress', 429, { address: '192.0.2.1' }, { address: '192.0.2.2' }],
  ]
  for (const [limit, status, request, other] of kinds) {
    describe(limit, () => {
      it(`answers ${status} with a time to come back to who finds no room, and room is where somebody left`, async () => {
        const hub = createHub({ limits: { [limit]: 2 } })
        const clients = [await open(hub, request), await open(hub, request)]
        const refused = await askFor(hub.subscribe('a'), { ...request, accept: '*/*' })
        expect([refused.status, await refused.text()]).toEqual([status, ''])
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
        expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(15)
        expect(hub.size).toBe(2)
        await clients[0]?.leave()
        const next = await open(hub, request)
        expect(next.response.status).toBe(200)
        expect((await askFor(hub.subscribe('a'), { ...request, accept: '*/*' })).status).toBe(status)
      })

      it('[H8] gives an EventSource 200, a time to come back, and the end', async () => {
        const hub = createHub({ limits: { [limit]: 1 }, retry: 1 })
        await open(hub, request)
        const retries = new Set<number>()
        for (let i = 0; i < 50; i++) {
          const refused = await open(hub, request)
          await refused.toEnd()
          expect(refused.response.status).toBe(200)
          expect(refused.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
          expect(refused.text).toMatch(/^retry: \d+\n\n$/)
          expect(refused.state).toBe('ended')
          expect(refused.retry).toBeGreaterThanOrEqual(5_000)
          expect(refused.retry).toBeLessThanOrEqual(15_000)
          retries.add(refused.retry ?? 0)
        }
        // Drawn for each, so that they do not come back together.
        expect(retries.size).toBeGreaterThan(25)
      })

      it('gives an EventSource that does not GET the status', async () => {
        const hub = createHub({ limits: { [limit]: 1 } })
        await open(hub, request)
        const refused = await askFor(hub.subscribe('a'), { ...request, method: 'POST' })
        expect(refused.status).toBe(status)
      })

      if (limit === 'connections') return
      it('counts each of them by itself, and not who is nobody', async () => {
        const hub = createHub({ limits: { [limit]: 1 } })
        for (const each of [request, other, {}, {}, {}]) await open(hub, each)
        expect(hub.size).toBe(5)
      })
    })
  }

  it('count everything that a hub serves, and no source begins that finds no room', async () => {
    const hub = createHub({ limits: { connections: 1 } })
    let isStarted = false
    const generator = async function* (): AsyncGenerator<SseEvent> {
      isStarted = true
      yield { data: 'x' }
    }
    await StreamClient.open(() => hub.subscribe('a'))
    expect((await askFor(generator(), { hub, accept: '*/*' })).status).toBe(503)
    expect((await askFor(() => hub.subscribe('a'), { accept: '*/*' })).status).toBe(503)
    expect(isStarted).toBe(false)
  })

  it('of nothing refuse everyone', async () => {
    const hub = createHub({ limits: { connections: 0 } })
    expect((await askFor(hub.subscribe('a'), { accept: '*/*' })).status).toBe(503)
  })

  it('[H12] count nobody who has gone, however the stream ended', async () => {
    const hub = createHub({ limits: { connections: 3, perPrincipal: 3, perAddress: 3 } })
    const last = await hub.publish('a', { data: 'end' })
    const request = { principal: 'ann', address: '192.0.2.1' }
    const until = (): boolean => true
    const failing = (): boolean => {
      throw new Error('thrown')
    }
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 50; i++) {
      await (await open(hub, request)).leave()
      const revoked = await open(hub, request)
      hub.disconnect(() => true)
      await revoked.toEnd()
      await (await StreamClient.open(hub.subscribe('a', { until, replay: 'all' }), request)).toEnd()
      expect((await askFor(hub.subscribe('a', { until }), { ...request, lastEventId: last })).status).toBe(204)
      expect((await askFor(hub.subscribe('a'), { ...request, method: 'HEAD' })).status).toBe(200)
      await expect(askFor(hub.subscribe('a', { filter: failing, replay: 1 }), request)).rejects.toThrow('thrown')
      const aborted = AbortSignal.abort()
      await askFor(hub.subscribe('a'), { ...request, signal: aborted })
    }
    expect(hub.size).toBe(0)
    for (let i = 0; i < 3; i++) expect((await open(hub, request)).response.status).toBe(200)
    expect((await askFor(hub.subscribe('a'), { ...request, accept: '*/*' })).status).toBe(503)
  })
})

function open(hub: Hub, request: ClientRequest): Promise<StreamClient> {
  return StreamClient.open(hub.subscribe('a'), request)
}
