import { describe, expect, it, vi } from 'vitest'
import { StreamClient, turns } from '../../test/stream-client.ts'
import type { SseStream } from '../connection/stream.ts'
import { createHub } from './hub.ts'
import type { SubscribeOptions } from './subscription.ts'

describe('hub.subscribe', () => {
  it('describes a choice, which costs nothing until it is streamed or read', async () => {
    const follow = vi.fn(() => async () => {})
    const log = { append: vi.fn(), follow, compare: () => 0, isPosition: () => true }
    const hub = createHub({ log })
    const subscription = hub.subscribe(['b', 'a/*'], { filter: () => true, snapshot: () => [] })
    expect(subscription.topics).toEqual(['b', 'a/*'])
    expect(follow).not.toHaveBeenCalled()
    subscription[Symbol.asyncIterator]()
    expect(follow).toHaveBeenCalledTimes(1)
  })

  it('may be made once and streamed to any number of clients, each at its own place', async () => {
    const hub = createHub()
    const subscription = hub.subscribe('a', { replay: 'all' })
    const first = await StreamClient.open(subscription)
    await hub.publish('a', { data: '1' })
    await turns()
    const second = await StreamClient.open(subscription)
    await first.leave()
    const third = await StreamClient.open(subscription, { lastEventId: hub.stats().ring.head })
    await hub.publish('a', { data: '2' })
    expect((await second.settle()).data).toEqual(['1', '2'])
    expect((await third.settle()).data).toEqual(['2'])
  })

  it('may be what a function source gives, with sends of its own in between', async () => {
    const hub = createHub()
    const client = await StreamClient.open((stream) => {
      void stream.send({ event: 'hello', data: 'x' })
      void hub.publish('a', { data: '1' }).then(() => stream.send('own'))
      return hub.subscribe('a')
    })
    await client.settle()
    expect(client.data.toSorted()).toEqual(['1', 'own', 'x'])
    expect(client.data[0]).toBe('x')
    expect(hub.size).toBe(1)
  })

  it('[E9] keeps its place whatever the application sends in between, which may have no id', async () => {
    const hub = createHub()
    let send: SseStream['send'] | undefined
    const client = await StreamClient.open((stream) => {
      send = stream.send
      return hub.subscribe('a')
    })
    const id = await hub.publish('a', { data: '1' })
    await client.settle()
    await send?.({ event: 'own', data: 'x', retry: 5 })
    await client.settle()
    expect(client.data).toEqual(['1', 'x'])
    expect([client.lastEventId, ...[...hub.connections].map(({ cursor }) => cursor)]).toEqual([id, id])
    expect(() => send?.({ data: 'x', id: 'own' })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`id`') }),
    )
    expect(() => send?.({ data: 'x', id: '' })).toThrow(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
    expect((await client.settle()).state).toBe('open')
  })

  const refused: [option: string, options: Record<string, unknown>[]][] = [
    ['replay', [-1, 1.5, Number.NaN, '5', 'some', null, {}].map((replay) => ({ replay }))],
    ['after', [5, null, {}].map((after) => ({ after }))],
    ['lag', ['drop', '', null].map((lag) => ({ lag }))],
    ['until', [true, 'x', {}, null].map((until) => ({ until }))],
    ['filter', [true, 'x', {}, null].map((filter) => ({ filter }))],
    ['snapshot', [[], 'x', {}, null].map((snapshot) => ({ snapshot }))],
  ]
  for (const [option, values] of refused) {
    it(`refuses a wrong \`${option}\` at once, naming it`, () => {
      const hub = createHub()
      for (const options of values) {
        expect(() => hub.subscribe('a', options as SubscribeOptions), JSON.stringify(options)).toThrow(
          expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${option}\``) }),
        )
      }
    })
  }

  it('refuses a topic that is none, naming it', () => {
    const hub = createHub()
    for (const topics of ['', 'a//b', 'sse.x', 'a*b', ['a', ''], []]) {
      expect(() => hub.subscribe(topics)).toThrow(
        expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`topic') }),
      )
    }
  })
})
