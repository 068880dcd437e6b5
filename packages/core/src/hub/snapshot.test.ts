import { afterEach, describe, expect, it, vi } from 'vitest'
import { StreamClient, turns } from '../../test/stream-client.ts'
import type { Publication } from './event.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubOptions } from './options.ts'
import type { SnapshotContext } from './snapshot.ts'

/** A snapshot that is taken when the test says so. */
class Stage {
  readonly calls: SnapshotContext[] = []
  readonly #settle: { resolve(events: Iterable<Publication>): void; reject(error: unknown): void }[] = []

  readonly snapshot = (context: SnapshotContext): Promise<Iterable<Publication>> => {
    this.calls.push(context)
    return new Promise((resolve, reject) => this.#settle.push({ resolve, reject }))
  }

  async resolve(...texts: string[]): Promise<void> {
    this.#settle.shift()?.resolve(texts.map((data) => ({ event: 'state', data })))
    await turns()
  }

  async reject(error: unknown): Promise<void> {
    this.#settle.shift()?.reject(error)
    await turns()
  }
}

describe('a snapshot', () => {
  it('goes to a fresh client before everything that is published after it began', async () => {
    const { hub, stage, client } = await waiting()
    void hub.publish('a', { data: 'meanwhile' })
    await turns()
    await stage.resolve('1', '2')
    void hub.publish('a', { data: 'after' })
    await client.settle()
    expect(client.data).toEqual(['1', '2', 'meanwhile', 'after'])
    expect(stage.calls).toMatchObject([{ reason: 'fresh' }])
  })

  it('has no id before its end, and one id alone there: that of the head when it began', async () => {
    const { hub, stage, client } = await waiting({ before: ['old'] })
    const head = hub.stats().ring.head
    await hub.publish('a', { data: 'meanwhile' })
    await client.settle()
    await stage.resolve('1', '2')
    await client.settle()
    expect(client.blocks.map((block) => block.replace(/\d+(?=\n:)/, 'n'))).toEqual([
      'retry: n\n:',
      'event: state\ndata: 1',
      'event: state\ndata: 2',
      `id: ${head}`,
      expect.stringMatching(/^data: meanwhile\nid: /),
    ])
  })

  it('is not preceded by a replay', async () => {
    const { client, stage } = await waiting({ before: ['old'], replay: 'all' })
    await stage.resolve('state')
    expect((await client.settle()).data).toEqual(['state'])
  })

  it('gets no checkpoint while it is on its way', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, client } = await waiting({ heartbeat: 4_000, ring: { maxEvents: 1_000 } })
    for (let i = 0; i < 500; i++) await hub.publish('b', { data: 'x' })
    vi.advanceTimersByTime(5_000)
    await client.settle()
    expect(client.lastEventId).toBeUndefined()
    expect(client.blocks.slice(1)).toEqual([':'])
  })

  afterEach(() => vi.useRealTimers())

  it('is given again to who is cut in between', async () => {
    const hub = createHub()
    const long = 'x'.repeat(20_000)
    let taken = 0
    const snapshot = (): Publication[] => [1, 2, 3].map((n) => ({ data: `${++taken},${n},${long}` }))
    const subscription = hub.subscribe('a', { snapshot })
    const client = await StreamClient.open(subscription)
    await client.until(() => client.events.length === 2)
    await client.leave()
    expect(client.lastEventId).toBeUndefined()
    const again = await StreamClient.open(subscription)
    expect((await again.settle()).data.map((data) => data.split(',')[1])).toEqual(['1', '2', '3'])
    expect(again.lastEventId).toBe(hub.stats().ring.head)
  })

  it('may be any iterable, given at once or later, of events with or without names', async () => {
    const hub = createHub<{ message: string; price: { p: number } }>()
    const taken: (() => Iterable<Publication<{ message: string; price: { p: number } }>>)[] = [
      () => [{ data: 'a' }, { event: 'message', data: 'b' }, { event: 'price', data: { p: 1 }, key: 'k' }],
      () => new Set([{ data: 'a' }]),
      function* () {
        yield { data: 'a' }
      },
      () => [],
    ]
    for (const take of taken) {
      const now = await StreamClient.open(hub.subscribe('a', { snapshot: take }))
      const later = await StreamClient.open(hub.subscribe('a', { snapshot: async () => take() }))
      const wanted = [...take()].map(({ event, data }) => ({
        event: event === 'price' ? 'price' : undefined,
        data: typeof data === 'string' ? data : JSON.stringify(data),
        id: undefined,
      }))
      expect((await now.settle()).events).toEqual(wanted)
      expect((await later.settle()).events).toEqual(wanted)
    }
  })

  it('goes to a client whose place is lost, after a gap without an id that says so', async () => {
    const before = Array.from({ length: 20 }, (_, i) => String(i))
    for (const [lastEventId, reason] of [
      ['other.5', 'epoch'],
      ['no id', 'unknown-id'],
      ['trimmed', 'trimmed'],
    ] as const) {
      const hub = createHub({ ring: { maxEvents: 8 } })
      const ids = await Promise.all(before.map((data) => hub.publish('a', { data })))
      await turns()
      const stage = new Stage()
      const id = reason === 'trimmed' ? ids[2] : lastEventId
      const client = await StreamClient.open(hub.subscribe('a', { snapshot: stage.snapshot, replay: 'all' }), {
        lastEventId: id,
      })
      await client.settle()
      const to = hub.stats().ring.head
      const from = reason === 'unknown-id' ? null : id
      expect(client.events).toEqual([
        { event: 'sse.gap', data: JSON.stringify({ reason, from, to, snapshot: true }), id: undefined },
      ])
      await stage.resolve('state')
      await client.settle()
      expect(stage.calls).toMatchObject([{ reason }])
      expect(client.data.slice(1)).toEqual(['state'])
      expect(client.lastEventId).toBe(to)
      expect(hub.stats().gaps[reason]).toBe(1)
    }
  })

  it('is not taken for a client that is complete', async () => {
    const { hub, stage } = await waiting()
    const id = await hub.publish('a', { data: '1' })
    await hub.publish('a', { data: '2' })
    await turns()
    const client = await StreamClient.open(hub.subscribe('a', { snapshot: stage.snapshot }), { lastEventId: id })
    expect((await client.settle()).data).toEqual(['2'])
    expect(stage.calls).toHaveLength(1)
  })

  it('goes to a client that lags too far where its policy is not to cut it', async () => {
    for (const lag of ['skip', 'conflate'] as const) {
      const hub = createHub({ ring: { maxEvents: 8 } })
      let version = 0
      const snapshot = (): Publication[] => [{ data: `state ${++version}` }]
      const client = await StreamClient.open(hub.subscribe('a', { snapshot, lag }))
      await client.until(() => client.lastEventId !== undefined)
      const place = await hub.publish('a', { data: 'x'.repeat(20_000) })
      await turns()
      for (let i = 0; i < 20; i++) {
        await hub.publish('a', { data: String(i) })
        await turns(1)
      }
      await client.settle()
      expect(client.gaps).toEqual([{ reason: 'lag', from: place, to: hub.stats().ring.head, snapshot: true }])
      expect(client.data.slice(3)).toEqual(['state 2'])
      expect(client.lastEventId).toBe(hub.stats().ring.head)
    }
  })

  it('is shared by all clients of one subscription while it is on its way, and by no others', async () => {
    const { hub, stage, subscription, client } = await waiting()
    const second = await StreamClient.open(subscription)
    await hub.publish('a', { data: '1' })
    const third = await StreamClient.open(subscription)
    const other = new Stage()
    await StreamClient.open(hub.subscribe('a', { snapshot: other.snapshot }))
    expect([stage.calls.length, other.calls.length]).toEqual([1, 1])
    await stage.resolve('state')
    for (const each of [client, second, third]) expect((await each.settle()).data).toEqual(['state', '1'])
    // Encoded once for all of them.
    const [first, ...others] = [client, second, third].map(({ writes }) =>
      writes.find((write) => write.length > 20 && text(write).includes('state')),
    )
    expect(first).toBeDefined()
    for (const write of others) expect(write).toBe(first)
    const late = await StreamClient.open(subscription)
    expect(stage.calls).toHaveLength(2)
    await stage.resolve('newer state')
    expect((await late.settle()).data).toEqual(['newer state'])
  })

  it('is taken anew for another reason', async () => {
    const { stage, subscription } = await waiting()
    await StreamClient.open(subscription, { lastEventId: 'other.5' })
    expect(stage.calls.map(({ reason }) => reason)).toEqual(['fresh', 'epoch'])
  })

  it('has its signal aborted when every client that waits for it has gone, not before', async () => {
    const { stage, subscription, client } = await waiting()
    const second = await StreamClient.open(subscription)
    const signal = stage.calls[0]?.signal
    await client.leave()
    expect(signal?.aborted).toBe(false)
    await second.leave()
    expect(signal?.aborted).toBe(true)
    // Who comes now is not given what was given up.
    const third = await StreamClient.open(subscription)
    expect(stage.calls).toHaveLength(2)
    await stage.resolve('given up')
    await stage.resolve('state')
    expect((await third.settle()).data).toEqual(['state'])
    expect(stage.calls[1]?.signal.aborted).toBe(false)
  })

  it('is taken once more when the ring has passed its place meanwhile', async () => {
    const { hub, stage, client, reasons } = await waiting({ ring: { maxEvents: 8 } })
    await publishMany(hub, 20)
    await stage.resolve('too old')
    expect(stage.calls.map(({ reason }) => reason)).toEqual(['fresh', 'fresh'])
    await publishMany(hub, 5)
    await stage.resolve('state')
    await client.settle()
    expect(client.data).toEqual(['state', '0', '1', '2', '3', '4'])
    expect(reasons).toEqual([])
  })

  it('is given up with the reason `slow` when the ring has passed it twice', async () => {
    const { hub, stage, client, reasons } = await waiting({ ring: { maxEvents: 8 } })
    await publishMany(hub, 20)
    await stage.resolve('too old')
    await publishMany(hub, 20)
    await stage.resolve('too old again')
    await client.settle()
    expect(reasons).toEqual(['slow'])
    expect(client).toMatchObject({ state: 'cut', events: [], lastEventId: undefined })
  })

  it('is not shared with who comes when the ring has passed it already', async () => {
    const { hub, stage, subscription } = await waiting({ ring: { maxEvents: 8 } })
    await publishMany(hub, 20)
    const late = await StreamClient.open(subscription)
    expect(stage.calls).toHaveLength(2)
    await stage.resolve('too old')
    await stage.resolve('state')
    expect((await late.settle()).data).toEqual(['state'])
  })

  it('is good although the ring has moved on with other topics alone', async () => {
    const { hub, stage, client } = await waiting({ ring: { maxEvents: 8 } })
    await publishMany(hub, 20, 'b')
    await stage.resolve('state')
    expect((await client.settle()).data).toEqual(['state'])
    expect(stage.calls).toHaveLength(1)
  })

  it('is taken back with a gap where a part of it had gone out', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    let version = 0
    const snapshot = (): Publication[] => {
      version++
      return Array.from({ length: 3 }, (_, i) => ({ data: `v${version},${i},${'x'.repeat(20_000)}` }))
    }
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    await client.until(() => client.events.length === 1)
    await publishMany(hub, 20)
    await client.settle()
    const shown = client.events.map(({ event, data, id }) => [event ?? data.slice(0, 4), id])
    const gapAt = shown.findIndex(([name]) => name === 'sse.gap')
    expect(gapAt).toBeGreaterThan(0)
    expect(shown.slice(gapAt + 1)).toEqual([0, 1, 2].map((i) => [`v2,${i}`, undefined]))
    expect(client.gaps).toEqual([{ reason: 'lag', from: null, to: client.lastEventId, snapshot: true }])
  })

  for (const [how, snapshot] of [
    [
      'throws',
      () => {
        throw new Error('no state')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no state'))],
    ['gives what cannot be framed', () => [{ data: 'fine' }, { data: undefined }]],
    ["gives an event with a name of the library's", () => [{ event: 'sse.gap', data: '{}' }]],
  ] as const) {
    it(`that ${how} is reported, once for each client, and ends the stream with \`error\``, async () => {
      const { hub, errors, reasons } = watched()
      const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
      const other = await StreamClient.open(hub.subscribe('a'))
      await client.toEnd()
      expect(client).toMatchObject({ state: 'ended', events: [], lastEventId: undefined })
      expect(client.text).not.toContain('no state')
      expect(errors).toEqual([[expect.any(Error), { stage: 'snapshot' }]])
      expect(reasons).toEqual(['error'])
      expect(other.state).toBe('open')
    })
  }

  it('that fails is taken anew for the next client', async () => {
    const { hub, stage, subscription, client } = await waiting()
    await stage.reject(new Error('no state'))
    expect((await client.toEnd()).state).toBe('ended')
    const next = await StreamClient.open(subscription)
    await stage.resolve('state')
    expect((await next.settle()).data).toEqual(['state'])
    expect(hub.size).toBe(1)
  })

  it("is the serializer's to turn into text", async () => {
    const hub = createHub({ serialize: (data) => `<${String(data)}>` })
    const client = await StreamClient.open(hub.subscribe('a', { snapshot: () => [{ data: 5 }, { data: 'raw' }] }))
    expect((await client.settle()).data).toEqual(['<5>', 'raw'])
  })

  it('[S8] may publish while it is taken: that comes after it', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    const snapshot = (): Publication[] => {
      void hub.publish('a', { data: 'from within' })
      return [{ data: 'state' }]
    }
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    expect((await client.settle()).data).toEqual(['state', 'from within'])
  })

  it('of any size goes at the pace of its client, bounded in memory', async () => {
    const hub = createHub()
    const snapshot = (): Publication[] => Array.from({ length: 3_000 }, (_, i) => ({ data: `${i},${'x'.repeat(500)}` }))
    const client = await StreamClient.open(hub.subscribe('a', { snapshot }))
    await turns()
    const [info] = hub.connections
    expect(info?.bufferedBytes).toBeLessThan(40_000)
    await client.settle()
    await client.until(() => client.lastEventId !== undefined)
    expect(client.events).toHaveLength(3_000)
    expect(Math.max(...client.writes.map(({ length }) => length))).toBeLessThan(20_000)
  })
})

function watched(options: HubOptions = {}): { hub: Hub; errors: unknown[]; reasons: string[] } {
  const errors: unknown[] = []
  const reasons: string[] = []
  const hub = createHub({
    ...options,
    onError: (error, context) => errors.push([error, context]),
    onClose: (_, reason) => reasons.push(reason),
  })
  return { hub, errors, reasons }
}

/** A client that waits for a snapshot. */
async function waiting(options: HubOptions & { before?: string[]; replay?: 'all' } = {}) {
  const { before = [], replay = 'none', ...hubOptions } = options
  const { hub, errors, reasons } = watched(hubOptions)
  for (const data of before) await hub.publish('a', { data })
  await turns()
  const stage = new Stage()
  const subscription = hub.subscribe('a', { snapshot: stage.snapshot, replay })
  const client = await StreamClient.open(subscription)
  return { hub, stage, subscription, client, errors, reasons }
}

async function publishMany(hub: Hub, count: number, topic = 'a'): Promise<void> {
  for (let i = 0; i < count; i++) {
    await hub.publish(topic, { data: String(i) })
    await turns(1)
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
