import { afterEach, describe, expect, it, vi } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { Heartbeat } from '../connection/heartbeat.ts'
import { independent } from '../connection/host.ts'
import type { HubEvent } from './event.ts'
import { FanOut } from './fan-out.ts'
import { createHub, type Hub } from './hub.ts'
import { createSubscription, type SubscribeOptions } from './subscription.ts'

describe('a direct reader', () => {
  afterEach(() => vi.useRealTimers())

  it('gets the events of its topics in order, as they were published', async () => {
    const hub = createHub()
    const seen: HubEvent[] = []
    const reading = (async () => {
      for await (const event of hub.subscribe(['a', 'b/*'])) if (seen.push(event) === 3) break
    })()
    const first = await hub.publish('a', { data: { n: 1 } })
    await hub.publish('c', { data: 'not for it' })
    const second = await hub.publish('b/x', { event: 'price', data: 'text\r\n', key: 'k' })
    const third = await hub.publish('a', { data: null })
    await reading
    expect(seen).toEqual([
      { topic: 'a', event: 'message', data: { n: 1 }, id: first },
      { topic: 'b/x', event: 'price', data: 'text\r\n', id: second, key: 'k' },
      { topic: 'a', event: 'message', data: null, id: third },
    ])
  })

  it('reads what is published from when it was made, whenever it begins to read', async () => {
    const hub = createHub()
    await hub.publish('a', { data: 'before' })
    await turns()
    const reader = hub.subscribe('a')[Symbol.asyncIterator]()
    await publishAll(hub, '1', '2')
    expect(await take(reader, 2)).toEqual(['1', '2'])
  })

  it('takes over what its turn has published before', async () => {
    const hub = createHub()
    await hub.ready
    void hub.publish('a', { data: '1' })
    const reader = hub.subscribe('a')[Symbol.asyncIterator]()
    void hub.publish('a', { data: '2' })
    expect(await take(reader, 2)).toEqual(['1', '2'])
  })

  it('begins with a replay, with `replay`, and goes on from an id, with `after`', async () => {
    const hub = createHub()
    const ids = await publishAll(hub, '1', '2', '3')
    expect(await take(read(hub, { replay: 'all' }), 3)).toEqual(['1', '2', '3'])
    expect(await take(read(hub, { replay: 2 }), 2)).toEqual(['2', '3'])
    expect(await take(read(hub, { after: ids[0] ?? '' }), 2)).toEqual(['2', '3'])
    expect(await take(read(hub, { after: ids[0] ?? '', replay: 'all' }), 2)).toEqual(['2', '3'])
  })

  it('goes on after an id that `publish` has given in the same turn', async () => {
    const hub = createHub()
    const id = await hub.publish('a', { data: '1' })
    const reader = read(hub, { after: id })
    void hub.publish('a', { data: '2' })
    expect(await take(reader, 1)).toEqual(['2'])
  })

  it('gets what its filter lets through, and ends after the last event', async () => {
    const hub = createHub()
    const options: SubscribeOptions = {
      replay: 'all',
      filter: ({ data }) => data !== 'hidden',
      until: ({ data }) => data === 'end',
    }
    await publishAll(hub, '1', 'hidden', 'end', '2')
    const seen: unknown[] = []
    for await (const { data } of hub.subscribe('a', options)) seen.push(data)
    expect(seen).toEqual(['1', 'end'])
  })

  it('answers calls of `next` one after the other', async () => {
    const hub = createHub()
    const reader = read(hub)
    const three = [1, 2, 3].map(() => reader.next())
    await publishAll(hub, '1', '2', '3')
    expect((await Promise.all(three)).map(({ value }) => value?.data)).toEqual(['1', '2', '3'])
  })

  it('[H13] ends when it is returned, also while it waits, and leaves nothing behind', async () => {
    const hub = createHub()
    const filter = vi.fn(() => true)
    const reader = read(hub, { filter })
    const parked = reader.next()
    await turns()
    expect(await reader.return?.()).toEqual({ done: true, value: undefined })
    expect(await parked).toEqual({ done: true, value: undefined })
    expect(await reader.next()).toEqual({ done: true, value: undefined })
    await publishAll(hub, '1')
    expect(filter).not.toHaveBeenCalled()
    await hub.close()
  })

  it('takes nothing from others when it is returned twice', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    const reader = read(hub)
    for (let i = 0; i < 3; i++) await reader.return?.()
    await publishAll(hub, '1')
    expect((await client.settle()).data).toEqual(['1'])
  })

  it('[H12] is nowhere any more when it has ended', async () => {
    const log = new StageLog()
    const fanOut = new FanOut({
      log,
      bounds: { maxEvents: 10, maxBytes: 10_000, maxAge: 1_000 },
      heartbeat: new Heartbeat({ interval: false, stallTimeout: 1_000 }),
      checkpoints: true,
      deserialize: JSON.parse,
      onError: () => {},
    })
    const hub = { host: independent, fanOut, lag: 'disconnect', serialize: JSON.stringify, start: () => {} } as const
    const subscription = createSubscription(hub, 'a')
    const readers = Array.from({ length: 3 }, () => subscription[Symbol.asyncIterator]())
    expect(fanOut.readers.size).toBe(3)
    for (const reader of readers) await reader.return?.()
    expect(fanOut.readers.size).toBe(0)
  })

  it('is not replayed what is too old, also where nothing has happened since', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const hub = createHub({ ring: { maxAge: 60_000 } })
    await publishAll(hub, 'old')
    vi.advanceTimersByTime(30_000)
    await publishAll(hub, 'newer')
    vi.advanceTimersByTime(30_001)
    expect(await take(read(hub, { replay: 'all' }), 1)).toEqual(['newer'])
  })

  it('leaves nothing behind when a loop is left', async () => {
    const hub = createHub()
    const filter = vi.fn(() => true)
    await publishAll(hub, '1')
    for await (const { data } of hub.subscribe('a', { filter, replay: 'all' })) {
      expect(data).toBe('1')
      break
    }
    filter.mockClear()
    await publishAll(hub, '2')
    expect(filter).not.toHaveBeenCalled()
  })

  it('is told of a gap, by `SSE_GAP`, when the ring has passed it, and then it is over', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    for (const lag of ['disconnect', 'skip', 'conflate'] as const) {
      const reader = read(hub, { lag })
      await publishAll(hub, ...texts(20))
      await expect(reader.next()).rejects.toMatchObject({ name: 'SseError', code: 'SSE_GAP', cause: 'lag' })
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    }
  })

  it('holds a place and what it has read of the ring, not a queue', async () => {
    const hub = createHub()
    const reader = read(hub)
    await publishAll(hub, ...texts(5_000))
    expect(await take(reader, 5_000)).toEqual(texts(5_000))
  })

  it('may be slow without a gap as long as only other topics move on', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    const reader = read(hub)
    for (let i = 0; i < 50; i++) await hub.publish('b', { data: 'x' })
    await publishAll(hub, '1')
    expect(await take(reader, 1)).toEqual(['1'])
  })

  it('gets the newest of each key where its policy is `conflate`', async () => {
    const hub = createHub()
    for (const [data, key] of [
      ['1', 'x'],
      ['2', 'y'],
      ['3', 'x'],
    ] as const)
      await hub.publish('a', { data, key })
    await turns()
    expect(await take(read(hub, { lag: 'conflate', replay: 'all' }), 2)).toEqual(['2', '3'])
    expect(await take(read(hub, { lag: 'skip', replay: 'all' }), 3)).toEqual(['1', '2', '3'])
  })

  it('is refused with `SSE_GAP` where it cannot go on after its id', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    const ids = await publishAll(hub, ...texts(20))
    for (const [after, cause] of [
      [ids[3], 'trimmed'],
      ['other.5', 'epoch'],
      ['no id', 'unknown-id'],
    ] as const) {
      const reader = read(hub, { after: after ?? '' })
      await expect(reader.next()).rejects.toMatchObject({ code: 'SSE_GAP', cause })
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    }
  })

  it('waits for the log to reach its id, and is complete then', async () => {
    const log = new StageLog()
    const hub = createHub({ log })
    const reader = read(hub, { after: 'e1.2' })
    const next = reader.next()
    log.putAll('a', '1')
    await turns()
    log.putAll('b', '2')
    log.putAll('a', '3')
    expect((await next).value?.data).toBe('3')
    await reader.return?.()
  })

  it('is told after five seconds that the log has not reached its id, not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const log = new StageLog()
    const hub = createHub({ log })
    const reader = read(hub, { after: 'e1.99' })
    const settled = vi.fn()
    const next = reader.next()
    next.then(settled, settled)
    log.putAll('a', '1')
    await turns()
    vi.advanceTimersByTime(4_999)
    await turns()
    expect(settled).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    await expect(next).rejects.toMatchObject({ code: 'SSE_GAP', cause: 'unknown-id' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps no timer when it is returned, or has reached its id', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const log = new StageLog()
    const hub = createHub({ log })
    const [first, second] = [read(hub, { after: 'e1.2' }), read(hub, { after: 'e1.2' })]
    const next = first.next()
    void second.next()
    await turns()
    expect(vi.getTimerCount()).toBe(2)
    await second.return?.()
    expect(vi.getTimerCount()).toBe(1)
    log.putAll('a', '1', '2', '3')
    await next
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is told when the history is lost', async () => {
    const log = new StageLog()
    const hub = createHub({ log, onError: () => {} })
    const [first, second] = [read(hub), read(hub)]
    const next = first.next()
    await turns()
    log.depart()
    log.lose('e2')
    log.arrive()
    await expect(next).rejects.toMatchObject({ code: 'SSE_GAP', cause: 'epoch' })
    await expect(second.next()).rejects.toMatchObject({ code: 'SSE_GAP', cause: 'epoch' })
    const third = read(hub)
    log.depart()
    log.putAll('a', '1', '2')
    log.trim(2)
    log.arrive()
    await expect(third.next()).rejects.toMatchObject({ code: 'SSE_GAP' })
  })

  it('waits while the log is away, and goes on', async () => {
    const log = new StageLog({ isThere: false })
    const hub = createHub({ log, onError: () => {} })
    const reader = read(hub, { replay: 'all' })
    const next = reader.next()
    log.putAll('a', '1')
    log.arrive()
    expect((await next).value?.data).toBe('1')
    log.depart()
    log.putAll('a', '2')
    const second = reader.next()
    log.arrive()
    expect((await second).value?.data).toBe('2')
  })

  it('rejects with what its filter has thrown, and leaves nothing behind', async () => {
    const errors: unknown[] = []
    const hub = createHub({ onError: (error) => errors.push(error) })
    const filter = vi.fn((): boolean => {
      throw new Error('thrown')
    })
    const reader = read(hub, { filter })
    await publishAll(hub, '1')
    await expect(reader.next()).rejects.toThrow('thrown')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
    expect(() => read(hub, { filter, replay: 1 })).toThrow('thrown')
    filter.mockClear()
    await publishAll(hub, '2')
    expect(filter).not.toHaveBeenCalled()
    expect(errors).toEqual([])
  })

  it('reads on in the ring while the log is away', async () => {
    const log = new StageLog()
    const hub = createHub({ log, onError: () => {} })
    const reader = read(hub)
    log.putAll('a', '1', '2')
    await turns()
    log.depart()
    expect(await take(reader, 2)).toEqual(['1', '2'])
  })

  it('is told that it cannot go on by a log that comes late and has nothing', async () => {
    const log = new StageLog({ isThere: false })
    const next = read(createHub({ log }), { after: 'other.5' }).next()
    await turns()
    log.arrive()
    await expect(next).rejects.toMatchObject({ code: 'SSE_GAP', cause: 'epoch' })
  })

  it('ends when the hub closes, having read what was published in its last turn', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const hub = createHub()
    await hub.ready
    const reader = read(hub)
    const closing = hub.close({ drain: 100 })
    void hub.publish('a', { data: '1' })
    vi.advanceTimersByTime(100)
    await closing
    expect(await take(reader, 1)).toEqual(['1'])
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('ends when the hub closes, having read what was published before', async () => {
    const hub = createHub()
    const [reader, parked] = [read(hub), read(hub)]
    const first = parked.next()
    void publishAll(hub, '1', '2')
    await hub.close()
    expect(await take(reader, 2)).toEqual(['1', '2'])
    expect(await reader.next()).toEqual({ done: true, value: undefined })
    expect((await first).value?.data).toBe('1')
    expect(await take(parked, 1)).toEqual(['2'])
    expect(await parked.next()).toEqual({ done: true, value: undefined })
    expect(await read(hub).next()).toEqual({ done: true, value: undefined })
  })
})

function read(hub: Hub, options: SubscribeOptions = {}): AsyncIterator<HubEvent, undefined> {
  return hub.subscribe('a', options)[Symbol.asyncIterator]()
}

async function publishAll(hub: Hub, ...texts: string[]): Promise<string[]> {
  const ids = await Promise.all(texts.map((data) => hub.publish('a', { data })))
  await turns()
  return ids
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i))
}

async function take(reader: AsyncIterator<HubEvent>, count: number): Promise<unknown[]> {
  const data: unknown[] = []
  while (data.length < count) {
    const { done, value } = await reader.next()
    if (done === true) break
    data.push(value.data)
  }
  return data
}
