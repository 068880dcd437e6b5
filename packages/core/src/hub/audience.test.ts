import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { StreamClient, turns } from '../../test/stream-client.ts'
import type { HubEvent } from './event.ts'
import { createHub, type Hub } from './hub.ts'

describe('Audience', () => {
  it('joins the frames of a turn once: every client gets the same buffer', async () => {
    const hub = createHub()
    const subscription = hub.subscribe(['a', 'b/*'])
    const clients = [
      ...(await Promise.all([1, 2, 3].map(() => StreamClient.open(subscription)))),
      await StreamClient.open(hub.subscribe(['b/*', 'a'])),
    ]
    for (const client of clients) await client.settle()
    publishAll(hub, 'a', '1', '2')
    publishAll(hub, 'b/c', '3')
    for (const client of clients) await client.settle()
    const [first, ...others] = clients.map(({ writes }) => writes.at(-1))
    expect(new TextDecoder().decode(first)).toContain('data: 3\n')
    for (const other of others) expect(other).toBe(first)
  })

  it('makes a buffer of its own for clients with another choice of topics, or another filter', async () => {
    const hub = createHub()
    const filter = (): boolean => true
    const choices = [
      hub.subscribe('a'),
      hub.subscribe(['a', 'b']),
      hub.subscribe('a', { filter }),
      hub.subscribe('a', { filter }),
    ]
    const clients = await Promise.all(choices.map((choice) => StreamClient.open(choice)))
    publishAll(hub, 'a', '1')
    for (const client of clients) expect((await client.settle()).data).toEqual(['1'])
    expect(new Set(clients.map(({ writes }) => writes.at(-1))).size).toBe(4)
  })

  it('asks a filter once for each event, however many clients share the subscription', async () => {
    const hub = createHub()
    const filter = vi.fn(({ data }: HubEvent) => data !== '2')
    const subscription = hub.subscribe('a', { filter })
    const clients = await Promise.all([1, 2, 3].map(() => StreamClient.open(subscription)))
    publishAll(hub, 'a', '1', '2', '3')
    for (const client of clients) expect((await client.settle()).data).toEqual(['1', '3'])
    expect(filter.mock.calls.map(([{ data }]) => data)).toEqual(['1', '2', '3'])
  })

  it('reads the ring once for clients that are at the same place', async () => {
    const hub = createHub()
    const ids = await Promise.all(['1', '2', '3'].map((data) => hub.publish('a', { data })))
    await turns()
    const subscription = hub.subscribe('a')
    const clients = await Promise.all([1, 2].map(() => StreamClient.open(subscription, { lastEventId: ids[0] })))
    for (const client of clients) expect((await client.settle()).data).toEqual(['2', '3'])
    expect(clients[0]?.writes.at(-1)).toBe(clients[1]?.writes.at(-1))
    // A head that has moved on, or another place, is another read.
    publishAll(hub, 'a', '4')
    await turns()
    const later = await StreamClient.open(subscription, { lastEventId: ids[0] })
    expect((await later.settle()).data).toEqual(['2', '3', '4'])
    const other = await StreamClient.open(subscription, { lastEventId: ids[1] })
    expect((await other.settle()).data).toEqual(['3', '4'])
  })

  it('does not share between those who conflate and those who do not', async () => {
    const hub = createHub()
    for (const data of ['1', '2', '3']) void hub.publish('a', { data, key: 'k' })
    await turns()
    const read = async (lag: 'skip' | 'conflate'): Promise<string[]> => {
      return (await (await StreamClient.open(hub.subscribe('a', { lag, replay: 'all' }))).settle()).data
    }
    expect([await read('skip'), await read('conflate'), await read('skip')]).toEqual([
      ['1', '2', '3'],
      ['3'],
      ['1', '2', '3'],
    ])
  })

  it('takes over what its turn has published before it was made, exactly once', async () => {
    const hub = createHub()
    await hub.ready
    publishAll(hub, 'a', '1')
    const first = await StreamClient.open(hub.subscribe('a'))
    publishAll(hub, 'a', '2')
    const second = await StreamClient.open(hub.subscribe(['a', 'b']))
    publishAll(hub, 'a', '3')
    const third = await StreamClient.open(hub.subscribe('a'))
    for (const client of [first, second, third]) expect((await client.settle()).data).toEqual(['1', '2', '3'])
    publishAll(hub, 'a', '4')
    for (const client of [first, second, third]) expect((await client.settle()).data).toEqual(['1', '2', '3', '4'])
  })

  it('is made anew when the last client has left within the turn, and misses nothing of it', async () => {
    const hub = createHub()
    const first = await StreamClient.open(hub.subscribe('a'))
    await first.settle()
    publishAll(hub, 'a', '1')
    await first.leave()
    const second = await StreamClient.open(hub.subscribe('a'))
    publishAll(hub, 'a', '2')
    expect((await second.settle()).data).toEqual(['1', '2'])
  })

  it('reads on after a replay in mid-turn without sending what is still to be flushed twice', async () => {
    const hub = createHub()
    publishAll(hub, 'a', '1', '2')
    await turns()
    publishAll(hub, 'a', '3')
    const all = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    const two = await StreamClient.open(hub.subscribe('a', { replay: 2 }))
    publishAll(hub, 'a', '4')
    expect((await all.settle()).data).toEqual(['1', '2', '3', '4'])
    expect((await two.settle()).data).toEqual(['1', '2', '3', '4'])
  })

  it('takes an event once that two of its patterns stand for', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe(['a/b', 'a/*', '**']))
    publishAll(hub, 'a/b', '1', '2')
    expect((await client.settle()).data).toEqual(['1', '2'])
  })

  it('serves everyone when clients fall behind while it writes', async () => {
    const hub = createHub()
    const subscription = hub.subscribe('a')
    const clients = await Promise.all(Array.from({ length: 7 }, () => StreamClient.open(subscription)))
    // Every other one is full with this one already, the others with the next.
    for (const [i, client] of clients.entries()) if (i % 2 === 0) await client.settle()
    publishAll(hub, 'a', '1'.repeat(16_350))
    await turns()
    publishAll(hub, 'a', '2'.repeat(16_350))
    await turns()
    publishAll(hub, 'a', '3')
    for (const client of clients) expect((await client.settle()).data.map((data) => data[0])).toEqual(['1', '2', '3'])
  })

  it('serves exactly those who are there, whoever comes and goes in whatever order', async () => {
    const step = fc.oneof({ arbitrary: fc.constant('join' as const), weight: 3 }, { arbitrary: fc.nat(5), weight: 2 })
    const steps = fc.array(step, { minLength: 20, maxLength: 40 })
    const serves = async (steps: readonly ('join' | number)[]): Promise<void> => {
      const hub = createHub()
      const subscription = hub.subscribe('a')
      const clients: StreamClient[] = []
      for (const [i, step] of steps.entries()) {
        if (step === 'join') clients.push((await StreamClient.open(subscription)).flow())
        else await clients.splice(step, 1)[0]?.leave()
        publishAll(hub, 'a', String(i))
        await turns(2)
        expect(clients.map(({ data }) => data.at(-1))).toEqual(clients.map(() => String(i)))
      }
      await hub.close()
    }
    await fc.assert(fc.asyncProperty(steps, serves), { numRuns: 40 })
  })

  it('[H11] serves everyone when clients leave while it writes', async () => {
    const hub: Hub = createHub({
      ring: { maxEvents: 8 },
      onClose: () => hub.disconnect(({ principal }) => principal === 'other'),
    })
    const subscription = hub.subscribe('a')
    const open = (principal: string): Promise<StreamClient> => StreamClient.open(subscription, { principal })
    const healthy = [await open('me'), await open('me')]
    const others = [await open('other'), await open('other'), await open('other')]
    healthy.push(await open('me'), await open('me'))
    const ender = await StreamClient.open(hub.subscribe('end', { until: () => true }))
    for (const client of [...healthy, ...others, ender]) await client.settle()
    publishAll(hub, 'a', '1')
    publishAll(hub, 'end', 'x')
    publishAll(hub, 'a', '2')
    for (const client of healthy) expect((await client.settle()).data).toEqual(['1', '2'])
    for (const client of others) expect(await client.settle()).toMatchObject({ state: 'ended', data: ['1'] })
    expect(hub.size).toBe(4)
  })

  it('gives a client that comes while it writes what comes after, and nothing twice', async () => {
    const opened: Promise<StreamClient>[] = []
    const hub: Hub = createHub({
      onClose: () => {
        for (const topics of ['a', ['a', 'end'], 'z']) opened.push(StreamClient.open(hub.subscribe(topics)))
      },
    })
    const last = ({ data }: HubEvent): boolean => data === 'end'
    const ender = await StreamClient.open(hub.subscribe('end', { until: last }))
    const watcher = await StreamClient.open(hub.subscribe('a'))
    publishAll(hub, 'a', '1')
    publishAll(hub, 'end', 'end')
    publishAll(hub, 'z', '1')
    await ender.toEnd()
    const clients = await Promise.all(opened)
    for (const client of clients) await client.settle()
    publishAll(hub, 'a', '2')
    publishAll(hub, 'z', '2')
    expect((await watcher.settle()).data).toEqual(['1', '2'])
    for (const client of clients) expect((await client.settle()).data).toEqual(['2'])
  })

  it('[H12] is gone when its clients are: ten thousand choices leave nothing behind', async () => {
    const asked = vi.fn(() => true)
    const hub = createHub()
    for (let i = 0; i < 10_000; i++) {
      const client = await StreamClient.open(hub.subscribe(`t/${i}`, { filter: asked }))
      await client.leave()
    }
    expect(hub.size).toBe(0)
    for (let i = 0; i < 10_000; i += 100) publishAll(hub, `t/${i}`, 'x')
    await turns()
    expect(asked).not.toHaveBeenCalled()
    expect(hub.stats()).toMatchObject({ delivered: 0, connections: 0, closed: { client: 10_000 } })
  })
})

function publishAll(hub: Hub, topic: string, ...texts: string[]): void {
  for (const data of texts) void hub.publish(topic, { data })
}
