import { stat } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { Heartbeat } from '../connection/heartbeat.ts'
import { FanOut, parseId } from './fan-out.ts'
import { createHub, type Hub } from './hub.ts'

const KIB = 1024

afterEach(() => vi.useRealTimers())

describe('flush', () => {
  it('writes all events of a turn at once, in order', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe(['a', 'b']))
    await client.settle()
    const before = client.writes.length
    const ids: Promise<string>[] = []
    for (let i = 0; i < 50; i++) ids.push(hub.publish(i % 2 === 0 ? 'a' : 'b', { data: String(i) }))
    await client.settle()
    expect(client.writes.length - before).toBe(1)
    expect(client.events).toEqual((await Promise.all(ids)).map((id, i) => ({ event: undefined, data: String(i), id })))
  })

  it('writes a lone event in the turn in which it was published', async () => {
    const hub = createHub()
    const client = (await StreamClient.open(hub.subscribe('a'))).flow()
    await turns()
    // In a callback of I/O, `setImmediate` comes before any timer.
    const order = await new Promise<string[]>((resolve) => {
      stat('.', () => {
        const order: string[] = []
        setTimeout(() => resolve([...order, 'timer']), 0)
        void hub.publish('a', { data: 'x' })
        queueMicrotask(() => order.push(`microtask ${client.data.length}`))
        setImmediate(() => order.push(`turn ${client.data.length}`))
      })
    })
    expect(order).toEqual(['microtask 0', 'turn 1', 'timer'])
  })

  it('writes at once when 64 KiB wait', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    const writes = client.writes.length
    for (let i = 0; i < 9; i++) void hub.publish('a', { data: 'x'.repeat(8 * KIB) })
    expect(deliveredBy(hub)).toBe(8)
    await client.settle()
    expect(client.writes.length - writes).toBe(2)
    expect(client.events).toHaveLength(9)
  })

  it('writes at once when an eighth of the events of the ring wait', async () => {
    const hub = createHub({ ring: { maxEvents: 80 } })
    await (await StreamClient.open(hub.subscribe('a'))).settle()
    const delivered = Array.from({ length: 21 }, () => {
      void hub.publish('a', { data: 'x' })
      return deliveredBy(hub)
    })
    expect(delivered).toEqual([...Array(9).fill(0), ...Array(10).fill(10), 20, 20])
  })

  it('writes at once when an eighth of the bytes of the ring wait', async () => {
    const hub = createHub({ ring: { maxBytes: 8 * KIB } })
    await (await StreamClient.open(hub.subscribe('a'))).settle()
    const delivered = Array.from({ length: 6 }, () => {
      void hub.publish('a', { data: 'x'.repeat(300) })
      return deliveredBy(hub)
    })
    expect(delivered).toEqual([0, 0, 0, 4, 4, 4].map((_, i) => (i < 3 ? delivered[0] : delivered[3])))
    expect(delivered[0]).toBe(0)
    expect(delivered[3]).toBeGreaterThanOrEqual(3)
  })

  it('resolves a publish in its own turn, and in a later one from the forced flush on', async () => {
    const hub = createHub({ ring: { maxEvents: 80 } })
    await hub.ready
    const order: string[] = []
    const endOfTurn = async (): Promise<void> => {
      // Microtasks all belong to the turn, however many.
      for (let i = 0; i < 500; i++) await undefined
      order.push('end of turn')
    }
    void endOfTurn()
    for (let i = 1; i <= 12; i++) {
      await hub.publish('a', { data: 'x' })
      order.push(String(i))
    }
    expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 'end of turn', 10, 11, 12].map(String))
    // And then as before.
    const early = await Promise.race([hub.publish('a', { data: 'x' }).then(() => 'now'), turns(1).then(() => 'later')])
    expect(early).toBe('now')
  })

  it('lets sockets drain between awaited publishes', async () => {
    const hub = createHub({ ring: { maxEvents: 80 } })
    await hub.ready
    let turned = 0
    let isRunning = true
    const count = (): void => {
      turned++
      if (isRunning) setImmediate(count)
    }
    setImmediate(count)
    for (let i = 0; i < 1_000; i++) await hub.publish('a', { data: 'x' })
    isRunning = false
    expect(turned).toBeGreaterThanOrEqual(99)
  })

  it('evicts nothing that was not flushed, however much a turn publishes', async () => {
    const hub = createHub({ ring: { maxEvents: 4 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    for (let i = 0; i < 100; i++) void hub.publish('a', { data: String(i) })
    await client.settle()
    expect(client.data).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
    expect(hub.stats()).toMatchObject({ closed: { slow: 0 }, ring: { events: 4 } })
  })

  it('evicts nothing unflushed of events that are longer than the ring', async () => {
    const hub = createHub({ ring: { maxBytes: 2_048 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    // Each line break takes seven bytes in a frame.
    for (let i = 0; i < 5; i++) void hub.publish('a', { data: `${i}${'\n'.repeat(300)}` })
    await client.settle()
    expect(client.data.map((data) => data[0])).toEqual(['0', '1', '2', '3', '4'])
    expect(client.gaps).toEqual([])
  })

  it('[S8] writes what is published while it writes in a flush of its own, in order', async () => {
    let left = 3
    const hub = createHub({
      ring: { maxEvents: 8 },
      onClose: () => {
        if (left-- > 0) void hub.publish('a', { data: `closed ${left}` })
      },
    })
    const watcher = await StreamClient.open(hub.subscribe('a'))
    await watcher.settle()
    const enders = await Promise.all([1, 2, 3].map(() => StreamClient.open(hub.subscribe('b', { until: () => true }))))
    await Promise.all(enders.map((ender) => ender.settle()))
    void hub.publish('a', { data: 'before' })
    void hub.publish('b', { data: 'end' })
    void hub.publish('a', { data: 'after' })
    await watcher.settle()
    expect(watcher.data).toEqual(['before', 'closed 2', 'closed 1', 'closed 0', 'after'])
    const positions = watcher.events.map(({ id }) => Number(id?.split('.')[1]))
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
  })

  it('[S8] keeps the order, and evicts nothing, when so much is published while it writes that it has to be flushed', async () => {
    // Where each event is flushed at once, and where both are one flush, first the one that ends.
    for (const [maxEvents, order] of [
      [8, ['a', 'end']],
      [80, ['end', 'a']],
    ] as const) {
      const hub: Hub = createHub({
        ring: { maxEvents },
        onClose: () => {
          for (let i = 1; i <= 25; i++) void hub.publish('a', { data: String(i) })
        },
      })
      const ender = await StreamClient.open(hub.subscribe('end', { until: () => true }))
      const watcher = await StreamClient.open(hub.subscribe('a'))
      for (const client of [ender, watcher]) await client.settle()
      for (const topic of order) void hub.publish(topic, { data: '0' })
      await watcher.settle()
      expect(watcher.data).toEqual(Array.from({ length: 26 }, (_, i) => String(i)))
      expect(hub.stats().gaps.lag).toBe(0)
    }
  })

  it('[S8] leaves nothing unwritten of what is published while it writes, however long', async () => {
    const long = 'x'.repeat(70_000)
    const hub: Hub = createHub({ onClose: () => void hub.publish('a', { data: long }) })
    const ender = await StreamClient.open(hub.subscribe('end', { until: () => true }))
    const watcher = await StreamClient.open(hub.subscribe('a'))
    for (const client of [ender, watcher]) await client.settle()
    void hub.publish('end', { data: 'x' })
    expect((await watcher.settle()).data).toEqual([long])
  })

  it('evicts nothing unflushed that has become too old in its turn', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const hub = createHub({ ring: { maxAge: 1_000 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    void hub.publish('a', { data: '1' })
    vi.advanceTimersByTime(5_000)
    void hub.publish('a', { data: '2' })
    expect((await client.settle()).data).toEqual(['1', '2'])
  })
})

describe('FanOut.locate', () => {
  const stage = (): { fanOut: FanOut; append: (count: number) => void } => {
    const log = new StageLog()
    const fanOut = new FanOut({
      log,
      bounds: { maxEvents: 10, maxBytes: 1e6, maxAge: Number.POSITIVE_INFINITY },
      heartbeat: new Heartbeat({ interval: false, stallTimeout: 1_000 }),
      checkpoints: true,
      deserialize: JSON.parse,
      onError: () => {},
    })
    fanOut.restart('epoch', 'e', '5')
    fanOut.becomeReady()
    let position = 5
    const append = (count: number): void => {
      for (let i = 0; i < count; i++) {
        // Every other position is no event's.
        position += 2
        fanOut.append({ position: String(position), topic: 'a', event: 'message', data: 'x', raw: true })
      }
      fanOut.flush()
    }
    return { fanOut, append }
  }

  it("finds every position by order, be it an event's or not", () => {
    const { fanOut, append } = stage()
    append(3)
    for (const [position, seq] of [
      [5, 0],
      [6, 0],
      [7, 1],
      [8, 1],
      [11, 3],
    ] as const) {
      expect(fanOut.locate(`e.${position}`)).toEqual({ kind: 'at', mark: { seq, position: String(position) } })
    }
    expect(fanOut.locate('e.12')).toEqual({ kind: 'ahead', position: '12' })
  })

  it('knows what is lost, and repeats nothing that cannot be an id of ours', () => {
    const { fanOut } = stage()
    expect(fanOut.locate('other.7')).toEqual({ kind: 'lost', reason: 'epoch', from: 'other.7' })
    for (const id of ['', '7', 'e.', '.7', 'e.7.7', 'e.x', 'e.7 ', 'é.7', 'e.７', `e.${'7'.repeat(127)}`, '<script>']) {
      expect(fanOut.locate(id)).toEqual({ kind: 'lost', reason: 'unknown-id', from: null })
    }
  })

  it('is at what was flushed, not at what was appended', () => {
    const { fanOut } = stage()
    fanOut.append({ position: '6', topic: 'a', event: 'message', data: 'x', raw: true })
    expect(fanOut.locate('e.6')).toEqual({ kind: 'ahead', position: '6' })
    fanOut.flush()
    expect(fanOut.locate('e.6').kind).toBe('at')
  })
})

describe('FanOut.eventOf', () => {
  it('reads data back once for each frame, and only when asked', async () => {
    const deserialize = vi.fn(JSON.parse)
    const hub = createHub({ deserialize })
    const plain = await StreamClient.open(hub.subscribe('a'))
    void hub.publish('a', { data: { n: 1 } })
    await plain.settle()
    expect(deserialize).not.toHaveBeenCalled()
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const filter = ({ data }: { data: unknown }): boolean => seen.push(data) > 0
      await (await StreamClient.open(hub.subscribe('a', { filter, replay: 'all' }))).settle()
    }
    void hub.publish('a', { data: { n: 2 } })
    await plain.settle()
    expect(deserialize).toHaveBeenCalledTimes(2)
    expect(seen.filter((data) => data === seen[0])).toHaveLength(3)
  })

  it('gives strings as they were published, and does not deserialize them', async () => {
    const deserialize = vi.fn(JSON.parse)
    const hub = createHub({ deserialize, serialize: (data) => `json:${JSON.stringify(data)}` })
    const seen: unknown[] = []
    const filter = (event: { data: unknown }): boolean => seen.push(event) > 0
    const client = await StreamClient.open(hub.subscribe('a', { filter }))
    const id = await hub.publish('a', { event: 'price', data: '{"n":1}\r\n', key: 'k' })
    await client.settle()
    expect(seen).toEqual([{ topic: 'a', event: 'price', data: '{"n":1}\r\n', id, key: 'k' }])
    expect(deserialize).not.toHaveBeenCalled()
  })
})

describe('parseId', () => {
  it('parts an id of ours, and no other', () => {
    expect(parseId('e.1')).toEqual({ epoch: 'e', position: '1' })
    expect(parseId('A-z9.1-2')).toEqual({ epoch: 'A-z9', position: '1-2' })
    expect(parseId(`${'e'.repeat(63)}.${'1'.repeat(64)}`)).toBeDefined()
    for (const id of [`${'e'.repeat(64)}.${'1'.repeat(64)}`, 'e.1\n', '\ne.1', 'e_.1', 'e..1', 'e.1.2']) {
      expect(parseId(id)).toBeUndefined()
    }
  })
})

function deliveredBy(hub: { stats(): { delivered: number } }): number {
  return hub.stats().delivered
}
