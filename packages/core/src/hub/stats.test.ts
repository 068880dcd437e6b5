import { deferred } from '@sse/tooling/deferred'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { StageLog } from '../../test/stage-log.ts'
import { askFor, StreamClient, turns } from '../../test/stream-client.ts'
import { SseError } from '../wire/error.ts'
import type { SseEvent } from '../wire/event.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubOptions } from './options.ts'

const AWAY = new Error('away')

afterEach(() => {
  vi.useRealTimers()
})

describe('stats.opened', () => {
  it('counts streams when they open, and is what is open and what has closed', async () => {
    const hub = createHub({ limits: { connections: 3 } })
    const clients = [await StreamClient.open(hub.subscribe('a')), await StreamClient.open(hub.subscribe('b'))]
    expect(hub.stats()).toMatchObject({ opened: 2, connections: 2 })
    await clients[0]?.leave()
    await StreamClient.open(hub.subscribe('a'))
    expect(hub.stats()).toMatchObject({ opened: 3, connections: 2, closed: { client: 1 } })
  })

  it('does not count who is answered without a stream, or waits for one', async () => {
    const hub = createHub()
    const failing = (): never => {
      throw new Error('thrown')
    }
    expect((await askFor(null, { hub })).status).toBe(204)
    expect((await askFor(hub.subscribe('a'), { method: 'HEAD' })).status).toBe(200)
    await expect(askFor(failing, { hub })).rejects.toThrow('thrown')
    const gate = deferred<SseEvent>()
    const waiting = askFor(
      (async function* () {
        yield await gate.promise
      })(),
      { hub, commitAfter: 10_000 },
    )
    await turns()
    expect(hub.stats()).toMatchObject({ opened: 0, connections: 1 })
    gate.resolve({ data: 'x' })
    await (await waiting).text()
    expect(hub.stats()).toMatchObject({ opened: 1, connections: 0, closed: { complete: 1 } })
  })
})

describe('stats.refused', () => {
  it('counts clients that found no room by the limit that was reached; they had no stream that could end', async () => {
    const onClose = vi.fn()
    const hub = createHub({ onClose, limits: { connections: 3, perPrincipal: 1, perAddress: 1 } })
    const refused = async (principal?: string, address?: string): Promise<void> => {
      const { status } = await askFor(hub.subscribe('a'), { principal, address, accept: '*/*' })
      expect(status).toBe(hub.size === 3 ? 503 : 429)
    }
    await StreamClient.open(hub.subscribe('a'), { principal: 'ann', address: '192.0.2.1' })
    await refused('ann', '192.0.2.2')
    await refused('bob', '192.0.2.1')
    await refused('bob', '192.0.2.1')
    for (let i = 0; i < 2; i++) await StreamClient.open(hub.subscribe('a'))
    for (let i = 0; i < 3; i++) await refused()
    // A browser gets 200, and is no less refused.
    expect(await (await askFor(hub.subscribe('a'))).text()).toMatch(/^retry: \d+\n\n$/)
    const full = { connections: 4, perPrincipal: 1, perAddress: 2, closed: 0 }
    expect(hub.stats()).toMatchObject({ opened: 3, refused: full, closed: { limit: 0 } })
    expect(onClose).not.toHaveBeenCalled()
    await hub.close()
    await askFor(hub.subscribe('a'))
    expect(hub.stats()).toMatchObject({ opened: 3, refused: { ...full, closed: 1 }, closed: { drain: 3, limit: 0 } })
    expect(onClose).toHaveBeenCalledTimes(3)
  })

  it('counts who comes while the hub drains', async () => {
    stopClock()
    const hub = createHub()
    await StreamClient.open(hub.subscribe('a'))
    const closing = hub.close({ drain: 1_000 })
    expect((await askFor(hub.subscribe('a'), { accept: '*/*' })).status).toBe(503)
    expect(hub.stats().refused.closed).toBe(1)
    vi.advanceTimersByTime(2_000)
    await closing
  })

  it('counts a stream that was open before its source found no room, which then ends for that reason', async () => {
    const reasons: string[] = []
    const hub = createHub({ limits: { connections: 0 }, onClose: (_, reason) => reasons.push(reason) })
    const client = await StreamClient.open(async ({ send }) => {
      await send({ data: 'welcome' })
      return hub.subscribe('a')
    })
    await client.toEnd()
    expect([client.data, client.state]).toEqual([['welcome'], 'ended'])
    expect(hub.stats()).toMatchObject({ connections: 0, opened: 1, refused: { connections: 1 }, closed: { limit: 1 } })
    expect(reasons).toEqual(['limit'])
  })
})

describe('stats.rejected', () => {
  const stage = (options: HubOptions = {}): { hub: Hub; log: StageLog } => {
    const log = new StageLog()
    return { log, hub: createHub({ onError: () => {}, ...options, log }) }
  }

  it('counts events that were too long', () => {
    const { hub } = stage({ limits: { eventBytes: 10 } })
    for (let i = 0; i < 3; i++) expect(() => hub.publish('a', { data: 'x'.repeat(11) })).toThrow('eventBytes')
    expect(hub.stats()).toMatchObject({ rejected: { eventBytes: 3, waiting: 0, log: 0 }, log: { waiting: 0 } })
  })

  it('counts those for which too many waited, whoever said so', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.depart(AWAY)
    log.isAccepting = false
    for (let i = 0; i < 10_000; i++) void hub.publish('a', { data: 'x' })
    expect(() => hub.publish('a', { data: 'x' })).toThrow('wait')
    log.rejectAll(new SseError('SSE_LIMIT', 'The queue is full.'))
    await turns()
    expect(hub.stats()).toMatchObject({ rejected: { eventBytes: 0, waiting: 10_001, log: 0 }, log: { waiting: 0 } })
  })

  it('counts those that the log did not accept', async () => {
    const { hub, log } = stage()
    log.isAccepting = false
    const publishing = [hub.publish('a', { data: '1' }), hub.publish('a', { data: '2' })]
    log.rejectAll(AWAY)
    await Promise.allSettled(publishing)
    expect(hub.stats().rejected).toEqual({ eventBytes: 0, waiting: 0, log: 2 })
  })

  it('does not count misuse, nor what is no event', async () => {
    const { hub, log } = stage()
    expect(() => hub.publish('a/*', { data: 'x' })).toThrow()
    expect(() => hub.publish('a', { event: 'two\nlines', data: 'x' })).toThrow()
    log.refusal = AWAY
    hub.disconnect({ principal: 'ann' })
    await turns()
    expect(hub.stats()).toMatchObject({ rejected: { eventBytes: 0, waiting: 0, log: 0 }, log: { waiting: 0 } })
  })
})

describe('stats.resumed', () => {
  const none = { complete: 0, ended: 0, trimmed: 0, epoch: 0, 'unknown-id': 0 }

  it('counts clients that bring an id once each, by what becomes of them', async () => {
    const hub = createHub({ ring: { maxEvents: 2 } })
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push(await hub.publish('a', { data: String(i) }))
    await turns()
    const resume = async (lastEventId: string | undefined): Promise<void> => {
      await (await StreamClient.open(hub.subscribe('a'), { lastEventId })).settle()
    }
    await resume(undefined)
    expect(hub.stats().resumed).toEqual(none)
    for (const id of [ids[3], ids[2], ids[1]]) await resume(id)
    await resume(ids[0])
    await resume('other.1')
    for (const id of ['not an id', 'x'.repeat(300)]) await resume(id)
    expect(hub.stats().resumed).toEqual({ complete: 3, ended: 0, trimmed: 1, epoch: 1, 'unknown-id': 2 })
    // Whatever becomes of them later.
    for (let i = 0; i < 100; i++) await hub.publish('a', { data: 'x' })
    await turns()
    expect(hub.stats().resumed).toEqual({ complete: 3, ended: 0, trimmed: 1, epoch: 1, 'unknown-id': 2 })
  })

  it('counts who had seen the end', async () => {
    const hub = createHub()
    const id = await hub.publish('a', { data: 'end' })
    await turns()
    const finite = hub.subscribe('a', { until: () => true })
    expect((await askFor(finite, { lastEventId: id })).status).toBe(204)
    expect(hub.stats()).toMatchObject({ resumed: { ...none, ended: 1 }, opened: 0 })
  })

  it('counts who has to wait for the log when it is known what becomes of them', async () => {
    stopClock()
    const log = new StageLog({ isThere: false })
    const hub = createHub({ log })
    log.putAll('a', '1', '2')
    const clients = await Promise.all(
      ['e1.1', 'e1.3', 'e1.9', 'e0.1'].map((lastEventId) => StreamClient.open(hub.subscribe('a'), { lastEventId })),
    )
    for (const client of clients) client.flow()
    expect(hub.stats().resumed).toEqual(none)
    log.arrive()
    await turns()
    expect(hub.stats().resumed).toEqual({ ...none, complete: 1, epoch: 1 })
    log.putAll('a', '3')
    await turns()
    expect(hub.stats().resumed).toEqual({ ...none, complete: 2, epoch: 1 })
    vi.advanceTimersByTime(6_000)
    await turns()
    expect(hub.stats().resumed).toEqual({ ...none, complete: 2, epoch: 1, 'unknown-id': 1 })
  })

  it('does not count who left before', async () => {
    const log = new StageLog({ isThere: false })
    const hub = createHub({ log })
    await (await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })).leave()
    log.arrive()
    await turns()
    expect(hub.stats().resumed).toEqual(none)
  })
})

describe('stats.replayed', () => {
  it('counts what clients had missed, until they are live', async () => {
    const hub = createHub()
    const ids: string[] = []
    for (let i = 0; i < 10; i++) ids.push(await hub.publish(i % 2 === 0 ? 'a' : 'b', { data: String(i) }))
    await turns()
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: ids[3] })
    await client.settle()
    expect([client.data, hub.stats().replayed]).toEqual([['4', '6', '8'], 3])
    await hub.publish('a', { data: 'live' })
    await client.settle()
    expect([client.data.at(-1), hub.stats().replayed]).toEqual(['live', 3])
    expect(hub.stats().delivered).toBe(4)
  })

  it('counts what is left of it after a gap', async () => {
    const hub = createHub({ ring: { maxEvents: 2 } })
    const first = await hub.publish('a', { data: '0' })
    for (let i = 1; i < 5; i++) await hub.publish('a', { data: String(i) })
    await turns()
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: first })
    expect((await client.settle()).data.slice(1)).toEqual(['3', '4'])
    expect(hub.stats()).toMatchObject({ replayed: 2, resumed: { trimmed: 1 } })
  })

  it('does not count what new clients begin with, nor what slow ones catch up on, nor what comes after a snapshot', async () => {
    const hub = createHub({ ring: { maxEvents: 100 } })
    const first = await hub.publish('a', { data: '0' })
    for (let i = 1; i < 200; i++) await hub.publish('a', { data: String(i) })
    await turns()
    await (await StreamClient.open(hub.subscribe('a', { replay: 'all' }))).settle()
    await (await StreamClient.open(hub.subscribe('a', { replay: 'all' }), { lastEventId: 'other.1' })).settle()
    const snapshot = async (): Promise<[]> => {
      void hub.publish('a', { data: 'meanwhile' })
      await turns()
      return []
    }
    await (await StreamClient.open(hub.subscribe('a', { snapshot }), { lastEventId: first })).settle()
    const slow = await StreamClient.open(hub.subscribe('a'), { lastEventId: hub.stats().ring.head })
    for (let i = 0; i < 50; i++) await hub.publish('a', { data: 'x'.repeat(4_096) })
    expect(hub.stats().lagging).toBe(1)
    await slow.settle()
    expect([slow.events.length, hub.stats().lagging, hub.stats().replayed]).toEqual([50, 0, 0])
  })
})

describe('stats.replayed, of a history that is lost meanwhile', () => {
  it('counts what was of the old one', async () => {
    const log = new StageLog()
    const hub = createHub({ log, onError: () => {} })
    await hub.ready
    for (let i = 0; i < 10; i++) log.putAll('a', 'x'.repeat(16 * 1024))
    await turns()
    const client = await StreamClient.open(hub.subscribe('a', { replay: 'all' }), { lastEventId: 'e1.1' })
    const { replayed } = hub.stats()
    expect(replayed).toBeGreaterThan(0)
    log.depart(AWAY)
    log.lose('e2', { topic: 'a', event: 'message', data: 'new', raw: true })
    log.arrive()
    expect((await client.settle()).data.at(-1)).toBe('new')
    expect(hub.stats()).toMatchObject({ replayed, gaps: { epoch: 1 } })
  })
})

describe('stats.log.lag', () => {
  const stage = (isThere: boolean = true): { hub: Hub; log: StageLog } => {
    stopClock()
    const log = new StageLog({ isThere })
    return { log, hub: createHub({ log, onError: () => {} }) }
  }

  it('is 0 for a log in memory, also within the turn', async () => {
    stopClock()
    const hub = createHub()
    const lags: number[] = []
    const reads = hub.subscribe('a', {
      filter: () => {
        lags.push(hub.stats().log.lag)
        return true
      },
    })
    await StreamClient.open(reads)
    for (let i = 0; i < 3; i++) {
      void hub.publish('a', { data: 'x' })
      vi.advanceTimersByTime(10)
      lags.push(hub.stats().log.lag)
    }
    expect(lags).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('grows while an event has no answer, and is 0 when it has been read back', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.isAccepting = false
    void hub.publish('a', { data: '1' })
    vi.advanceTimersByTime(40)
    void hub.publish('a', { data: '2' })
    vi.advanceTimersByTime(10)
    expect(hub.stats().log).toEqual({ state: 'ready', waiting: 2, lag: 50 })
    log.acceptAll()
    await turns()
    expect(hub.stats().log).toEqual({ state: 'ready', waiting: 0, lag: 0 })
  })

  it('[L4] grows while what the log has accepted does not come back, though nothing has failed', async () => {
    const { hub, log } = stage()
    await hub.ready
    // The log answers, and hands nothing on.
    log.append = () => Promise.resolve({ epoch: 'e1', position: '1' })
    await hub.publish('a', { data: '1' })
    for (const lag of [1_000, 2_000]) {
      vi.advanceTimersByTime(1_000)
      expect(hub.stats().log).toEqual({ state: 'ready', waiting: 0, lag })
    }
    expect(await hub.health()).toEqual({ ok: true })
    log.putAll('a', '1')
    expect(hub.stats().log.lag).toBe(0)
  })

  it('[L4] grows from the first sign of an outage to its end, with or without events that wait', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.isAccepting = false
    void hub.publish('a', { data: '1' })
    vi.advanceTimersByTime(300)
    log.depart(AWAY)
    vi.advanceTimersByTime(700)
    log.depart(AWAY)
    expect(hub.stats().log).toMatchObject({ state: 'away', lag: 1_000 })
    // Given up: what is left is how long the log has been away.
    log.rejectAll(AWAY)
    await turns()
    expect(hub.stats().log).toMatchObject({ state: 'away', lag: 700 })
    log.putAll('a', '2')
    log.arrive({ deliver: false })
    vi.advanceTimersByTime(100)
    expect(hub.stats().log).toMatchObject({ state: 'loading', lag: 800 })
    log.deliver()
    expect(hub.stats().log).toMatchObject({ state: 'ready', lag: 0 })
  })

  it('grows from the beginning where the log is not there, and while the tail is read of one that has lost its history', async () => {
    const { hub, log } = stage(false)
    vi.advanceTimersByTime(500)
    expect(hub.stats().log).toMatchObject({ state: 'idle', lag: 0 })
    void hub.ready
    vi.advanceTimersByTime(500)
    expect(hub.stats().log).toMatchObject({ state: 'loading', lag: 500 })
    log.arrive()
    expect(hub.stats().log).toMatchObject({ state: 'ready', lag: 0 })
    log.lose('e2', { topic: 'a', event: 'message', data: '1', raw: true })
    log.arrive({ deliver: false })
    vi.advanceTimersByTime(30)
    expect(hub.stats().log).toMatchObject({ state: 'loading', lag: 30 })
    await hub.close()
    expect(hub.stats().log).toMatchObject({ state: 'closed', lag: 0 })
  })

  it('forgets what was lost with the history', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.depart(AWAY)
    await hub.publish('a', { data: 'lost' })
    vi.advanceTimersByTime(1_000)
    log.lose('e2')
    log.arrive()
    expect(hub.stats().log).toMatchObject({ state: 'ready', lag: 0 })
  })
})
