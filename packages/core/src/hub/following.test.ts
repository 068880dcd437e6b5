import { afterEach, describe, expect, it, vi } from 'vitest'
import { bytesInUse } from '../../test/memory.ts'
import { StageLog } from '../../test/stage-log.ts'
import { askFor, StreamClient, turns } from '../../test/stream-client.ts'
import type { Publication } from './event.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubOptions } from './options.ts'

const AWAY = new Error('away')

afterEach(() => vi.useRealTimers())

describe('a log that is slow to come', () => {
  it('lets streams open, which wait, and serves them when it is there', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, log } = stage({ isThere: false, heartbeat: 4_000 })
    log.putAll('a', '1', '2', '3')
    const fresh = await StreamClient.open(hub.subscribe('a'))
    const all = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    const back = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.2' })
    const lost = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e0.2' })
    const clients = [fresh, all, back, lost]
    for (const client of clients)
      expect((await client.settle()).blocks).toEqual([expect.stringMatching(/^retry: \d+\n:$/)])
    vi.advanceTimersByTime(5_000)
    for (const client of clients) expect((await client.settle()).blocks.slice(1)).toEqual([':'])
    expect(hub.size).toBe(4)
    log.arrive()
    for (const client of clients) await client.settle()
    expect(fresh).toMatchObject({ events: [], lastEventId: 'e1.3' })
    expect(all.data).toEqual(['1', '2', '3'])
    expect(back.data).toEqual(['3'])
    expect(lost.gaps).toEqual([{ reason: 'epoch', from: 'e0.2', to: 'e1.3', snapshot: false }])
    log.putAll('a', '4')
    for (const client of clients) expect((await client.settle()).data.at(-1)).toBe('4')
  })

  it('is asked for as much of its tail as the ring holds', async () => {
    const { hub, log } = stage({ ring: { maxEvents: 5, maxBytes: 5_000 } })
    log.putAll('a', ...texts(1, 20))
    await hub.ready
    expect(log.tails).toEqual([{ maxEvents: 5, maxBytes: 5_000 }])
    expect(hub.stats().ring).toMatchObject({ events: 5, from: 'e1.15', head: 'e1.20' })
    const back = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.16' })
    expect((await back.settle()).data).toEqual(texts(17, 20))
    const trimmed = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.14' })
    expect((await trimmed.settle()).gaps).toMatchObject([{ reason: 'trimmed', from: 'e1.14', to: 'e1.15' }])
  })

  it('is ready when what it had at its attach has been read, not before', async () => {
    const { hub, log } = stage({ isThere: false })
    log.putAll('a', '1', '2', '3')
    const ready = vi.fn()
    void hub.ready.then(ready)
    const client = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    log.arrive({ deliver: false })
    await turns()
    expect(ready).not.toHaveBeenCalled()
    expect((await client.settle()).blocks).toHaveLength(1)
    expect(await hub.health()).toEqual({ ok: false })
    log.deliver()
    await turns()
    expect(ready).toHaveBeenCalled()
    expect((await client.settle()).data).toEqual(['1', '2', '3'])
    expect(await hub.health()).toEqual({ ok: true })
  })

  it('takes publishes meanwhile, which go where they belong', async () => {
    const { hub, log } = stage({ isThere: false })
    log.putAll('a', '1')
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.0' })
    expect(await hub.publish('a', { data: '2' })).toBe('e1.2')
    expect((await client.settle()).data).toEqual([])
    log.arrive()
    expect((await client.settle()).data).toEqual(['1', '2'])
  })

  it('takes a snapshot when it is there, not before', async () => {
    const { hub, log } = stage({ isThere: false })
    const snapshot = vi.fn((): Publication[] => [{ data: 'state' }])
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    await turns()
    expect(snapshot).not.toHaveBeenCalled()
    log.putAll('a', 'in the state')
    log.arrive()
    expect((await client.settle()).data).toEqual(['state'])
    expect(client.lastEventId).toBe('e1.1')
  })

  it('that cannot be followed at all says so each time it is asked for, until it can', async () => {
    const { hub, log, errors } = stage()
    const small = new Error('keeps less than the ring')
    const follow = log.follow.bind(log)
    log.follow = () => {
      throw small
    }
    for (let i = 0; i < 2; i++) {
      expect(() => hub.ready).toThrow(small)
      expect(() => hub.publish('a', { data: '1' })).toThrow(small)
      await expect(hub.health()).resolves.toEqual({ ok: false, error: small })
      await expect(askFor(hub.subscribe('a'))).rejects.toThrow(small)
    }
    expect([hub.stats().log, hub.size, log.head, errors]).toEqual([{ state: 'idle', waiting: 0, lag: 0 }, 0, 0, []])
    log.follow = follow
    await hub.ready
    expect(hub.stats().log.state).toBe('ready')
  })

  it('leaves nothing of who has gone before it came', async () => {
    const { hub, log } = stage({ isThere: false })
    const snapshot = vi.fn(() => [])
    for (let i = 0; i < 10; i++) await (await StreamClient.open(hub.subscribe('a', { snapshot }))).leave()
    log.arrive()
    await turns()
    expect(hub.stats()).toMatchObject({ connections: 0, delivered: 0 })
    expect(snapshot).not.toHaveBeenCalled()
  })
})

describe('a log that goes away', () => {
  it('leaves streams open, and loses nothing when it is back where it was', async () => {
    const { hub, log, errors } = stage()
    const client = await StreamClient.open(hub.subscribe('a'))
    log.putAll('a', '1')
    await client.settle()
    log.depart(AWAY)
    log.putAll('a', '2', '3')
    await client.settle()
    expect(client).toMatchObject({ state: 'open', data: ['1'] })
    log.arrive()
    log.putAll('a', '4')
    await client.settle()
    expect(client.data).toEqual(['1', '2', '3', '4'])
    expect(client.gaps).toEqual([])
    expect(errors).toEqual([[AWAY, { stage: 'log' }]])
  })

  it('lets who comes meanwhile wait, and those who lag read on', async () => {
    const { hub, log } = stage()
    const lagging = await StreamClient.open(hub.subscribe('a'))
    log.putAll('a', 'x'.repeat(20_000))
    await turns()
    log.putAll('a', '2')
    await turns()
    log.depart(AWAY)
    const late = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })
    expect((await late.settle()).data).toEqual([])
    expect((await lagging.settle()).data.at(-1)).toBe('2')
    log.putAll('a', '3')
    log.arrive()
    expect((await late.settle()).data).toEqual(['2', '3'])
    expect((await lagging.settle()).data.at(-1)).toBe('3')
  })

  it('says so in `health`, and that it is back', async () => {
    const { hub, log } = stage()
    expect(await hub.health()).toEqual({ ok: true })
    log.depart(AWAY)
    expect(await hub.health()).toEqual({ ok: false, error: AWAY })
    log.arrive()
    expect(await hub.health()).toEqual({ ok: true })
  })

  it('says so in `stats`, as in `health`, whatever state it is in', async () => {
    const { hub, log } = stage({ isThere: false })
    const seen = async (): Promise<unknown[]> => [hub.stats().log.state, await hub.health()]
    expect(hub.stats().log).toEqual({ state: 'idle', waiting: 0, lag: 0 })
    const ready = vi.fn()
    void hub.ready.then(ready)
    expect(await seen()).toEqual(['loading', { ok: false }])
    log.depart(AWAY)
    expect(await seen()).toEqual(['away', { ok: false, error: AWAY }])
    const later = new Error('still away')
    log.depart(later)
    expect(await seen()).toEqual(['away', { ok: false, error: later }])
    log.putAll('a', '1')
    log.arrive({ deliver: false })
    expect(await seen()).toEqual(['loading', { ok: false }])
    expect(ready).not.toHaveBeenCalled()
    log.deliver()
    expect(await seen()).toEqual(['ready', { ok: true }])
    expect(ready).toHaveBeenCalledTimes(1)
    log.depart(null)
    expect(await seen()).toEqual(['away', { ok: false, error: null }])
    log.arrive()
    expect(await seen()).toEqual(['ready', { ok: true }])
    log.lose('e2', { topic: 'a', event: 'message', data: '1', raw: true })
    log.arrive({ deliver: false })
    expect(await seen()).toEqual(['loading', { ok: false }])
    log.depart(AWAY)
    await hub.close()
    const closed = { ok: false, error: expect.objectContaining({ code: 'SSE_CLOSED' }) }
    expect(await seen()).toEqual(['closed', closed])
    // A log that tells more than it should.
    log.arrive()
    expect(await seen()).toEqual(['closed', closed])
  })

  it('is closed for a hub that has never asked for it', async () => {
    const { hub, log } = stage()
    await hub.close()
    expect([hub.stats().log, log.followers]).toEqual([{ state: 'closed', waiting: 0, lag: 0 }, 0])
    expect(await hub.health()).toMatchObject({ ok: false, error: { code: 'SSE_CLOSED' } })
    expect(log.followers).toBe(0)
  })

  it('is let go of when the hub closes: first by its follower, then for appending', async () => {
    const { hub, log } = stage()
    const followers: number[] = []
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const noteRelease = (): Promise<void> => {
      followers.push(log.followers)
      return released
    }
    Object.assign(log, { release: noteRelease })
    await hub.ready
    const closed = vi.fn()
    const closing = hub.close().then(closed)
    await turns()
    expect([followers, closed.mock.calls.length]).toEqual([[0], 0])
    release()
    await closing
    await hub.close()
    expect(followers).toEqual([0])
  })

  it('shows in `stats` how many publishes wait for it', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.depart(AWAY)
    log.isAccepting = false
    const all = ['1', '2', '3'].map((data) => hub.publish('a', { data }))
    hub.disconnect({ principal: 'ann' })
    expect(hub.stats().log).toMatchObject({ state: 'away', waiting: 4 })
    log.acceptAll()
    await Promise.all(all)
    await turns()
    expect(hub.stats().log).toMatchObject({ state: 'away', waiting: 0 })
    log.isAccepting = false
    const refused = hub.publish('a', { data: '4' })
    expect(hub.stats().log.waiting).toBe(1)
    log.rejectAll(AWAY)
    await expect(refused).rejects.toThrow()
    expect(hub.stats().log.waiting).toBe(0)
  })

  it('sends no id meanwhile but of what clients have passed: after that, comments alone', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, log } = stage({ heartbeat: 4_000 })
    const live = await StreamClient.open(hub.subscribe('a'))
    const quiet = await StreamClient.open(hub.subscribe('b'))
    log.putAll('a', '1')
    await quiet.settle()
    await live.settle()
    log.depart(AWAY)
    const [before, beforeQuiet] = [live.blocks.length, quiet.blocks.length]
    log.putAll('a', '2')
    log.putAll('b', '3')
    const late = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })
    for (let i = 0; i < 12; i++) {
      vi.advanceTimersByTime(1_000)
      for (const client of [live, quiet, late]) await client.settle()
    }
    expect(live.blocks.slice(before)).toEqual([':', ':', ':'])
    expect(quiet.blocks.slice(beforeQuiet)).toEqual(['id: e1.1', ':', ':'])
    expect(late.blocks.slice(1)).toEqual([':', ':', ':'])
    log.arrive()
    for (const client of [live, quiet, late]) await client.settle()
    expect([live.data, quiet.data, late.data]).toEqual([['1', '2'], ['3'], ['2']])
  })

  it('[H12] may come and go a thousand times: one error each, nothing stays, and clients see nothing of it', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, log, errors } = stage({ heartbeat: 4_000 })
    log.putAll('a', '1')
    const live = await StreamClient.open(hub.subscribe('a'))
    const ahead = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.2' })
    const reader = hub.subscribe('a')[Symbol.asyncIterator]()
    const read = reader.next()
    await live.settle()
    await ahead.settle()
    const before = bytesInUse()
    for (let i = 0; i < 1_000; i++) {
      log.depart(AWAY)
      log.arrive()
    }
    expect(bytesInUse() - before).toBeLessThan(1024 * 1024)
    for (let i = 0; i < 100; i++) {
      log.depart(AWAY)
      const visitor = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })
      if (i % 2 === 0) await visitor.leave()
      log.arrive()
      await visitor.leave()
    }
    await turns()
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(1_000)
      await live.settle()
      await ahead.settle()
    }
    expect(errors).toEqual(Array(1_100).fill([AWAY, { stage: 'log' }]))
    expect([log.followers, hub.size]).toEqual([1, 2])
    expect(live.blocks.map((block) => block.replace(/^retry: \d+\n/, ''))).toEqual(['id: e1.1', ':'])
    expect(ahead.blocks.map((block) => block.replace(/^retry: \d+\n/, ''))).toEqual([':', ':'])
    log.putAll('a', '2', '3')
    expect((await live.settle()).data).toEqual(['2', '3'])
    expect((await ahead.settle()).data).toEqual(['3'])
    expect((await read).value).toMatchObject({ data: '2' })
    expect(hub.stats().gaps).toEqual({ trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 })
    await reader.return?.()
  })

  it('tells every client of a `trimmed` gap when it comes back without what was published meanwhile', async () => {
    const { hub, log } = stage()
    const live = await StreamClient.open(hub.subscribe('a'))
    const lagging = await StreamClient.open(hub.subscribe('a'))
    const skipping = await StreamClient.open(hub.subscribe('a', { lag: 'skip' }))
    log.putAll('a', 'x'.repeat(20_000))
    await live.settle()
    await skipping.settle()
    log.depart(AWAY)
    const waiting = await StreamClient.open(hub.subscribe('a'))
    const back = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })
    log.putAll('a', '2', '3', '4')
    log.trim(3)
    log.arrive()
    for (const client of [live, lagging, skipping, waiting, back]) await client.settle()
    const gap = { reason: 'trimmed', from: 'e1.1', to: 'e1.3', snapshot: false }
    expect([live.gaps, back.gaps, waiting.gaps]).toEqual([[gap], [gap], []])
    expect([live.data.at(-1), back.data.at(-1)]).toEqual(['4', '4'])
    expect(skipping.gaps).toEqual([{ ...gap, to: 'e1.4' }])
    expect(skipping.data.at(-1)).not.toBe('4')
    expect(lagging.gaps).toEqual([gap])
    log.putAll('a', '5')
    for (const client of [live, lagging, skipping, waiting, back]) {
      expect((await client.settle()).data.at(-1)).toBe('5')
    }
    expect(hub.stats().gaps.trimmed).toBe(4)
  })

  it('tells every client of an `epoch` gap when it has lost its history; they are fresh ones then', async () => {
    const { hub, log } = stage()
    log.putAll('a', '1', '2')
    const live = await StreamClient.open(hub.subscribe('a'))
    const replaying = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    await live.settle()
    await replaying.settle()
    log.depart(AWAY)
    log.lose('e2')
    log.putAll('a', 'new 1', 'new 2')
    log.arrive()
    await live.settle()
    await replaying.settle()
    expect(live.gaps).toEqual([{ reason: 'epoch', from: 'e1.2', to: 'e2.2', snapshot: false }])
    expect(live.data.slice(1)).toEqual([])
    expect(replaying.gaps).toEqual([{ reason: 'epoch', from: 'e1.2', to: 'e2.0', snapshot: false }])
    expect(replaying.data.slice(3)).toEqual(['new 1', 'new 2'])
    log.putAll('a', 'new 3')
    expect((await live.settle()).events.at(-1)).toMatchObject({ data: 'new 3', id: 'e2.3' })
    expect((await replaying.settle()).data.at(-1)).toBe('new 3')
    expect(hub.stats()).toMatchObject({ gaps: { epoch: 2 }, ring: { events: 3, from: 'e2.0', head: 'e2.3' } })
  })

  it('gives a snapshot with the gap where there is one', async () => {
    const { hub, log } = stage()
    let version = 0
    const snapshot = ({ reason }: { reason: string }): Publication[] => [{ data: `${reason} ${++version}` }]
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    log.putAll('a', '1')
    await client.settle()
    log.depart(AWAY)
    log.lose('e2')
    log.putAll('a', 'new')
    log.arrive()
    await client.settle()
    expect(client.gaps).toEqual([{ reason: 'epoch', from: 'e1.1', to: 'e2.1', snapshot: true }])
    expect(client.events.map(({ data, id }) => [data.slice(0, 9), id])).toEqual([
      ['fresh 1', undefined],
      ['1', 'e1.1'],
      ['{"reason"', undefined],
      ['epoch 2', undefined],
    ])
    expect(client.lastEventId).toBe('e2.1')
  })

  it('gives up a snapshot that is on its way when the history is lost', async () => {
    const { hub, log } = stage()
    const signals: AbortSignal[] = []
    const settle: ((events: Publication[]) => void)[] = []
    const snapshot = ({ signal }: { signal: AbortSignal }): Promise<Publication[]> => {
      signals.push(signal)
      return new Promise((resolve) => settle.push(resolve))
    }
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    log.depart(AWAY)
    log.lose('e2')
    log.arrive()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    settle[0]?.([{ data: 'of what was lost' }])
    settle[1]?.([{ data: 'state' }])
    await client.settle()
    expect(client.gaps).toEqual([{ reason: 'epoch', from: null, to: 'e2.0', snapshot: true }])
    expect(client.data.slice(1)).toEqual(['state'])
  })

  it('lets who comes while its tail is read wait, also where it has not said before that it was away', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.lose('e2', { topic: 'a', event: 'message', data: '1', raw: true })
    log.arrive({ deliver: false })
    const client = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    expect((await client.settle()).lastEventId).toBeUndefined()
    log.deliver()
    expect((await client.settle()).data).toEqual(['1'])
    expect(client.gaps).toEqual([])
  })

  it('tells those who were ahead of it as well when it has lost its history', async () => {
    const { hub, log } = stage()
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.5' })
    await client.settle()
    log.depart(AWAY)
    log.lose('e2')
    log.arrive()
    expect((await client.settle()).gaps).toEqual([{ reason: 'epoch', from: 'e1.5', to: 'e2.0', snapshot: false }])
  })

  it('asks for no snapshot for those who have gone', async () => {
    const { hub, log } = stage()
    const snapshot = vi.fn(() => [])
    await (await StreamClient.open(hub.subscribe('a', { snapshot }))).leave()
    expect(snapshot).toHaveBeenCalledTimes(1)
    log.depart(AWAY)
    log.lose('e2')
    log.arrive()
    await turns()
    expect(snapshot).toHaveBeenCalledTimes(1)
  })

  it('tells a client of a second loss from where the first one has brought it', async () => {
    const { hub, log } = stage()
    log.putAll('a', '1')
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'no id' })
    await client.settle()
    for (const epoch of ['e2', 'e3']) {
      log.depart(AWAY)
      log.lose(epoch)
      log.arrive()
      await client.settle()
    }
    expect(client.gaps.map(({ reason, from, to }) => [reason, from, to])).toEqual([
      ['unknown-id', null, 'e1.1'],
      ['epoch', 'e1.1', 'e2.0'],
      ['epoch', 'e2.0', 'e3.0'],
    ])
  })

  it('may be trimmed again while clients wait: they are told once, from where they were', async () => {
    const { hub, log } = stage()
    const client = await StreamClient.open(hub.subscribe('a'))
    log.putAll('a', '1')
    await client.settle()
    for (const floor of [3, 5]) {
      log.depart(AWAY)
      log.putAll('a', 'x', 'y', 'z')
      log.trim(floor)
      log.arrive({ deliver: false })
    }
    log.deliver()
    await client.settle()
    expect(client.gaps).toEqual([{ reason: 'trimmed', from: 'e1.1', to: 'e1.5', snapshot: false }])
    expect(client.data.slice(2)).toEqual(['y', 'z'])
  })

  it('may lose its history again while clients wait: they are told once, from where they were', async () => {
    const { hub, log } = stage()
    const client = await StreamClient.open(hub.subscribe('a'))
    log.putAll('a', '1')
    await client.settle()
    log.depart(AWAY)
    log.lose('e2')
    log.putAll('a', 'x')
    log.arrive({ deliver: false })
    log.depart(AWAY)
    log.lose('e3')
    log.putAll('a', 'y')
    log.arrive()
    await client.settle()
    expect(client.gaps).toEqual([{ reason: 'epoch', from: 'e1.1', to: 'e3.1', snapshot: false }])
  })

  it('writes what was read before the history was lost first', async () => {
    const { hub, log } = stage()
    const client = await StreamClient.open(hub.subscribe('a'))
    log.putAll('a', '1', '2')
    log.depart(AWAY)
    log.lose('e2')
    log.arrive()
    await client.settle()
    expect(client.events.map(({ data, id }) => [data.slice(0, 9), id])).toEqual([
      ['1', 'e1.1'],
      ['2', 'e1.2'],
      ['{"reason"', 'e2.0'],
    ])
    expect(client.gaps).toMatchObject([{ from: 'e1.2' }])
  })

  it('refuses the 10,001st event that waits for it, at once; the others go where they belong', async () => {
    const { hub, log } = stage()
    await hub.ready
    log.depart(AWAY)
    log.isAccepting = false
    const ids = Array.from({ length: 10_000 }, (_, i) => hub.publish('a', { data: String(i) }))
    const oneMore = (): Promise<string> => hub.publish('a', { data: 'one more' })
    expect(oneMore).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'SSE_LIMIT', message: expect.stringContaining('10000') }),
    )
    expect(log.waiting).toBe(10_000)
    log.acceptAll()
    expect(await Promise.all(ids)).toEqual(texts(1, 10_000).map((position) => `e1.${position}`))
    expect(await oneMore()).toBe('e1.10001')
  })

  it('refuses it also before it has been there for the first time', async () => {
    const { hub, log } = stage({ isThere: false })
    log.isAccepting = false
    for (let i = 0; i < 10_000; i++) void hub.publish('a', { data: 'x' })
    expect(() => hub.publish('a', { data: 'x' })).toThrow(expect.objectContaining({ code: 'SSE_LIMIT' }))
    log.acceptAll()
  })

  it('has a publish that it does not accept rejected with `SSE_LOG`; who does not await it is told by `onError`', async () => {
    const { hub, log, errors } = stage()
    log.isAccepting = false
    const awaited = hub.publish('a', { data: '1' })
    void hub.publish('a', { data: '2' })
    log.rejectAll(AWAY)
    await expect(awaited).rejects.toMatchObject({ name: 'SseError', code: 'SSE_LOG', cause: AWAY })
    await turns()
    expect(errors).toEqual([[expect.objectContaining({ code: 'SSE_LOG', cause: AWAY }), { stage: 'publish' }]])
  })
})

describe('what hubs write for each other', () => {
  it('moves the place on, and no client sees it', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, log } = stage({ heartbeat: 4_000 })
    const client = await StreamClient.open(hub.subscribe('**', { replay: 'all' }))
    for (const topic of ['sse.disconnect', 'sse.of-a-newer-version']) {
      log.put({ topic, event: topic, data: '{"principal":"ann","origin":"another"}', raw: true })
    }
    log.putAll('a', '1')
    await client.settle()
    expect(client.events).toEqual([{ event: undefined, data: '1', id: 'e1.3' }])
    expect(hub.stats()).toMatchObject({ published: 1, ring: { events: 1, head: 'e1.3' } })
    log.put({ topic: 'sse.disconnect', event: 'sse.disconnect', data: '{}', raw: true })
    await turns()
    expect(hub.stats().ring.head).toBe('e1.4')
    // It can be an id, of a client that comes from another node, and is not ahead of this one.
    const late = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.4' })
    expect([...hub.connections].map(({ cursor }) => cursor)).toEqual(['e1.4', 'e1.4'])
    log.putAll('a', '2')
    expect((await late.settle()).data).toEqual(['2'])
  })

  it('means nothing to a hub that does not know it', async () => {
    const { hub, log } = stage()
    const client = await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    const topic = 'sse.of-a-newer-version'
    log.put({ topic, event: topic, data: '{"principal":"ann","origin":"another"}', raw: true })
    expect((await client.settle()).state).toBe('open')
  })

  it.each(['trimmed', 'epoch'] as const)(
    'ends the streams of all principals where it may be what was lost, and nobody has read it for a second: %s',
    async (how) => {
      vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
      const { hub, log } = stage()
      const request = { principal: 'ann' }
      await hub.ready
      log.putAll('a', '1')
      const [ann, nobody] = [
        await StreamClient.open(hub.subscribe('a'), request),
        await StreamClient.open(hub.subscribe('a')),
      ]
      log.depart(AWAY)
      const waiting = await StreamClient.open(hub.subscribe('a'), request)
      vi.advanceTimersByTime(1_001)
      log.put({ topic: 'sse.disconnect', event: 'sse.disconnect', data: '{"principal":"ann","origin":"x"}', raw: true })
      log.putAll('a', '2')
      if (how === 'trimmed') log.trim(3)
      else log.lose('e2', { topic: 'a', event: 'message', data: '1', raw: true })
      log.arrive()
      for (const client of [ann, waiting]) expect((await client.toEnd()).state).toBe('ended')
      expect(await nobody.settle()).toMatchObject({ state: 'open', gaps: [{ reason: how }] })
      expect(hub.stats().closed.revoked).toBe(2)
      // Who comes back learns what the others do.
      const back = await StreamClient.open(hub.subscribe('a'), { ...request, lastEventId: 'e1.1' })
      expect((await back.settle()).gaps).toMatchObject([{ reason: how }])
    },
  )

  it('ends nobody where history is lost that was read until just now', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, log } = stage()
    await hub.ready
    log.putAll('a', '1')
    const ann = await StreamClient.open(hub.subscribe('a'), { principal: 'ann' })
    log.depart(AWAY)
    vi.advanceTimersByTime(1_000)
    log.lose('e2', { topic: 'a', event: 'message', data: '1', raw: true })
    log.arrive()
    expect(await ann.settle()).toMatchObject({ state: 'open', gaps: [{ reason: 'epoch' }] })
  })

  it('stops nobody from reading, whatever it is', async () => {
    const { hub, log, errors } = stage()
    const client = await StreamClient.open(hub.subscribe('a'))
    for (const data of [
      '{"principal":"ann","origin":"x","reason":"\\ud800"}',
      '',
      'null',
      '[]',
      '5',
      '{',
      '{"principal":5,"origin":"x"}',
      '{"origin":"x"}',
      '{"principal":null}',
    ]) {
      log.put({ topic: 'sse.disconnect', event: 'sse.disconnect', data, raw: true })
    }
    log.putAll('a', '1')
    expect(await client.settle()).toMatchObject({ state: 'open', data: ['1'] })
    expect(errors).toEqual(Array(2).fill([expect.any(SyntaxError), { stage: 'log' }]))
  })
})

describe('a hub that closes', () => {
  it('lets go of the log', async () => {
    const { hub, log } = stage()
    await hub.ready
    expect(log.followers).toBe(1)
    await hub.close()
    expect(log.followers).toBe(0)
  })

  it('does not begin to follow when it has closed', async () => {
    const { hub, log } = stage()
    await hub.close()
    void hub.ready
    await hub.health()
    hub.subscribe('a')[Symbol.asyncIterator]()
    expect(log.tails).toEqual([])
  })
})

function stage({ isThere = true, ...options }: HubOptions & { isThere?: boolean } = {}): {
  hub: Hub
  log: StageLog
  errors: unknown[]
} {
  const log = new StageLog({ isThere })
  const errors: unknown[] = []
  const hub = createHub({ ...options, log, onError: (error, context) => errors.push([error, context]) })
  return { hub, log, errors }
}

function texts(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
}
