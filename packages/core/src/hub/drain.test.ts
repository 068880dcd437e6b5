import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askFor, StreamClient, turns } from '../../test/stream-client.ts'
import type { SseEvent } from '../wire/event.ts'
import { createHub, type Hub } from './hub.ts'

describe('hub.close', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
  })

  afterEach(() => vi.useRealTimers())

  it('ends every stream at once, after what was published, each with a time of its own to come back', async () => {
    const { hub, clients, reasons } = await stage(20)
    void hub.publish('a', { data: 'last' })
    await hub.close()
    for (const client of clients) {
      await client.toEnd()
      expect(client).toMatchObject({ state: 'ended', data: ['last'] })
      expect(client.blocks.at(-1)).toMatch(/^retry: \d+$/)
    }
    const retries = clients.map(({ retry }) => retry ?? 0)
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...retries)).toBeLessThanOrEqual(100_000)
    expect(new Set(retries).size).toBeGreaterThan(15)
    expect(reasons).toEqual(Array(20).fill('drain'))
    expect(hub.size).toBe(0)
  })

  it('spreads the ends over the window', async () => {
    const { hub, clients } = await stage(100)
    const closed = vi.fn()
    const closing = hub.close({ drain: 10_000 }).then(closed)
    const left: number[] = []
    for (let i = 1; i <= 10; i++) {
      vi.advanceTimersByTime(1_000)
      await turns(1)
      left.push(hub.size)
    }
    await closing
    expect(left).toEqual([90, 80, 70, 60, 50, 40, 30, 20, 10, 0])
    for (const client of clients) expect((await client.toEnd()).state).toBe('ended')
  })

  it('publishes until the last stream has ended, and throws `SSE_CLOSED` then', async () => {
    const { hub, clients } = await stage(2)
    const closing = hub.close({ drain: 1_000 })
    vi.advanceTimersByTime(400)
    await hub.publish('a', { data: 'still' })
    await turns()
    expect(clients.map(({ data }) => data).filter((data) => data.length > 0)).toEqual([])
    for (const client of clients) await client.settle()
    expect(clients.map(({ data }) => data.length).toSorted()).toEqual([0, 1])
    vi.advanceTimersByTime(1_000)
    await closing
    expect(() => hub.publish('a', { data: 'too late' })).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'SSE_CLOSED' }),
    )
    expect(await hub.health()).toEqual({ ok: false, error: expect.objectContaining({ code: 'SSE_CLOSED' }) })
  })

  it('[H8] refuses new streams from its beginning on, and says so in `health`', async () => {
    const { hub } = await stage(2)
    const closing = hub.close({ drain: 1_000 })
    const refused = await StreamClient.open(hub.subscribe('a'))
    expect((await refused.toEnd()).text).toMatch(/^retry: \d+\n\n$/)
    expect((await askFor(hub.subscribe('a'), { accept: '*/*' })).status).toBe(503)
    expect(await hub.health()).toEqual({ ok: false, error: expect.objectContaining({ code: 'SSE_CLOSED' }) })
    vi.advanceTimersByTime(1_000)
    await closing
    expect((await askFor(hub.subscribe('a'), { accept: '*/*' })).status).toBe(503)
  })

  it('lets sources that end by themselves do so until the window is over', async () => {
    const { hub, reasons } = await stage(0)
    const finishes: (() => void)[] = []
    const source = async function* (): AsyncGenerator<SseEvent> {
      yield { data: '1' }
      await new Promise<void>((resolve) => finishes.push(resolve))
      yield { data: '2' }
    }
    const [finishing, endless] = [
      await StreamClient.open(source(), { hub }),
      await StreamClient.open(source(), { hub }),
    ]
    await StreamClient.open(hub.subscribe('a'))
    const closing = hub.close({ drain: 1_000 })
    vi.advanceTimersByTime(500)
    expect(hub.size).toBe(2)
    finishes[0]?.()
    expect(await finishing.toEnd()).toMatchObject({ state: 'ended', data: ['1', '2'] })
    vi.advanceTimersByTime(500)
    await closing
    expect(await endless.toEnd()).toMatchObject({ state: 'ended', data: ['1'] })
    expect(reasons).toEqual(['drain', 'complete', 'drain'])
  })

  it('[E6] tells nobody a time that is longer than timers take', async () => {
    const longest = 2_147_483_647
    const hub = createHub({ retry: longest - 1 })
    const clients = await Promise.all(Array.from({ length: 5 }, () => StreamClient.open(() => {}, { hub })))
    const closing = hub.close({ drain: 10_000 })
    vi.advanceTimersByTime(10_000)
    await closing
    for (const client of clients) await client.toEnd()
    expect(clients.map(({ retry }) => retry)).toEqual(Array(5).fill(longest))
  })

  it('spreads over a window what would come back at once: who was let go on until its end', async () => {
    const hub = createHub({ retry: 100 })
    const held = (): void => {}
    const clients = await Promise.all(Array.from({ length: 100 }, () => StreamClient.open(held, { hub })))
    const closing = hub.close({ drain: 10_000 })
    vi.advanceTimersByTime(10_000)
    await closing
    for (const client of clients) await client.toEnd()
    const retries = clients.map(({ retry = 0 }) => retry).toSorted((a, b) => a - b)
    expect(retries.at(0)).toBeGreaterThanOrEqual(100)
    expect(retries.at(-1)).toBeLessThan(10_100)
    // Of a hundred about ten come in each second: thirty would be one run in many millions.
    for (let second = 0; second < 10; second++) {
      const from = 100 + second * 1_000
      expect(retries.filter((retry) => retry >= from && retry < from + 1_000).length).toBeLessThan(30)
    }
  })

  it('is done before its window is over when everyone has gone', async () => {
    const { hub, clients } = await stage(4)
    const closing = hub.close({ drain: 60_000 })
    vi.advanceTimersByTime(50)
    for (const client of clients) await client.leave()
    vi.advanceTimersByTime(50)
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is one and the same however often it is called', async () => {
    const { hub } = await stage(1)
    const closing = hub.close({ drain: 1_000 })
    expect(hub.close()).toBe(closing)
    vi.advanceTimersByTime(1_000)
    await closing
  })

  it('may be called, published to and left from within what it calls', async () => {
    const { hub, clients, reasons, errors } = await stage(2_000, (hub) => {
      void hub.publish('a', { data: 'x' })
      void hub.close()
      hub.disconnect(({ principal }) => principal === '1999')
    })
    await hub.close()
    for (const client of clients) expect((await client.toEnd()).state).toBe('ended')
    expect(reasons.toSorted()).toEqual([...Array(1_999).fill('drain'), 'revoked'])
    expect(errors).toEqual([])
    expect(hub.size).toBe(0)
  })

  it('closes a hub that nobody has used, and lets nobody begin', async () => {
    const hub = createHub()
    await hub.close()
    expect(() => hub.publish('a', { data: 'x' })).toThrow(expect.objectContaining({ code: 'SSE_CLOSED' }))
  })

  it('leaves no timer behind', async () => {
    const { hub } = await stage(3)
    const closing = hub.close({ drain: 100 })
    vi.advanceTimersByTime(100)
    await closing
    await turns()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('refuses a window that is none, naming it and its limits', () => {
    const hub = createHub()
    for (const drain of [-1, 1.5, Number.NaN, 2 ** 31, '5' as unknown as number]) {
      expect(() => hub.close({ drain })).toThrow(
        expect.objectContaining({
          code: 'SSE_INVALID_FIELD',
          message: expect.stringMatching(/`drain`.*from 0 to 2147483647/),
        }),
      )
    }
  })
})

/** A hub with so many clients, which take what comes. */
async function stage(
  count: number,
  onClose: (hub: Hub) => void = () => {},
): Promise<{ hub: Hub; clients: StreamClient[]; reasons: string[]; errors: unknown[] }> {
  const reasons: string[] = []
  const errors: unknown[] = []
  const hub: Hub = createHub({
    retry: { min: 100, max: 100_000 },
    onError: (error) => errors.push(error),
    onClose: (_, reason) => {
      reasons.push(reason)
      onClose(hub)
    },
  })
  const clients: StreamClient[] = []
  for (let i = 0; i < count; i++) clients.push(await StreamClient.open(hub.subscribe('a'), { principal: String(i) }))
  return { hub, clients, reasons, errors }
}
