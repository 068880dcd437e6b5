import { describe, expect, expectTypeOf, it } from 'vitest'
import type { AnyEvents, HubEvent, Publication } from './event.ts'
import { createHub, type Hub } from './hub.ts'
import { memoryLog } from './memory-log.ts'
import { createPublisher } from './publisher.ts'

interface Events {
  message: string
  price: { symbol: string; price: number }
  halt: null
}

describe('Publication', () => {
  it('is one of the names with its payload; `event` may be left out for `message`', () => {
    expectTypeOf<{ data: string }>().toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'message'; data: string; key: string }>().toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'price'; data: { symbol: string; price: number } }>().toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'halt'; data: null }>().toExtend<Publication<Events>>()
    expectTypeOf<{ data: number }>().not.toExtend<Publication<Events>>()
    expectTypeOf<{ data: { symbol: string; price: number } }>().not.toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'price'; data: string }>().not.toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'halt'; data: undefined }>().not.toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'other'; data: string }>().not.toExtend<Publication<Events>>()
    expectTypeOf<{ event: 'price' }>().not.toExtend<Publication<Events>>()
  })

  it('needs its `event` in a map without `message`', () => {
    expectTypeOf<{ data: number }>().not.toExtend<Publication<{ tick: number }>>()
    expectTypeOf<{ event: 'tick'; data: number }>().toExtend<Publication<{ tick: number }>>()
  })

  it('is anything with data where no map was declared', () => {
    expectTypeOf<{ data: number }>().toExtend<Publication>()
    expectTypeOf<{ event: string; data: unknown }>().toExtend<Publication<AnyEvents>>()
  })
})

describe('HubEvent', () => {
  it('is a union whose name tells its payload', () => {
    const shown = (event: HubEvent<Events>): string => {
      if (event.event === 'price') return event.data.symbol
      if (event.event === 'halt') return String(event.data)
      expectTypeOf(event.data).toEqualTypeOf<string>()
      return event.data
    }
    expect(shown({ topic: 't', event: 'price', data: { symbol: 'A', price: 1 }, id: 'e.1' })).toBe('A')
    expectTypeOf<HubEvent<Events>['event']>().toEqualTypeOf<'message' | 'price' | 'halt'>()
    expectTypeOf<HubEvent['data']>().toEqualTypeOf<unknown>()
  })
})

describe('createHub<E>', () => {
  it('takes an interface, and holds every publish and callback to it', async () => {
    const hub = createHub<Events>()
    await hub.publish('a', { data: 'text' })
    await hub.publish('a', { event: 'price', data: { symbol: 'A', price: 1 }, key: 'A' })
    await hub.publish('a', { event: 'halt', data: null })
    // @ts-expect-error the payload of another name
    await hub.publish('a', { event: 'price', data: 'text' })
    // @ts-expect-error a name that is not in the map
    await hub.publish('a', { event: 'other', data: 'text' })
    // @ts-expect-error a payload that is not that of `message`
    await hub.publish('a', { data: 5 })
    const subscription = hub.subscribe('a', {
      filter: (event) => event.event === 'price' && event.data.price > 0,
      until: ({ event }) => event === 'halt',
      // @ts-expect-error a snapshot is made of the map's events, too
      snapshot: () => [{ event: 'price', data: 5 }],
    })
    hub.subscribe('a', { snapshot: ({ reason }) => [{ data: reason }] })
    expectTypeOf(subscription).toExtend<AsyncIterable<HubEvent<Events>>>()
    for await (const event of hub.subscribe('a', { replay: 'all' })) {
      expectTypeOf(event).toEqualTypeOf<HubEvent<Events>>()
      expect(event).toMatchObject({ topic: 'a', event: 'message', data: 'text' })
      break
    }
    expectTypeOf(createHub()).toEqualTypeOf<Hub<AnyEvents>>()
    await hub.close()
  })

  it('holds a publisher to it as well', async () => {
    const publisher = createPublisher<Events>({ log: memoryLog() })
    await publisher.publish('a', { data: 'text' })
    // @ts-expect-error the payload of another name
    await publisher.publish('a', { event: 'halt', data: 'text' })
  })
})
