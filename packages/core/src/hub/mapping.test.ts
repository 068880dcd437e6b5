import { describe, expect, it, vi } from 'vitest'
import { eventStream } from '../connection/event-stream.ts'
import { readEvents } from '../testing/read-events.ts'
import { createHub, type Hub } from './hub.ts'
import type { EventMapping, MappableEvent } from './mapping.ts'
import { mapEvents, type SubscribeOptions } from './subscription.ts'

interface Events {
  price: { n: number }
  message: string
}

const URL = 'http://localhost/'

/** What a client reads that gets what `map` makes of the events of topic `a`. */
async function mapped(
  hub: Hub<Events>,
  map: EventMapping,
  { lastEventId, ...options }: SubscribeOptions<Events> & { lastEventId?: string } = {},
): Promise<Response> {
  const request = new Request(URL, { ...(lastEventId !== undefined && { headers: { 'Last-Event-ID': lastEventId } }) })
  return eventStream(request, mapEvents(hub.subscribe('a', { replay: 'all', ...options }), map))
}

const same: EventMapping = (event) => [event as never]

describe('mapEvents', () => {
  it('gives the mapping each event once, in order, and what it makes of it has its id', async () => {
    const hub = createHub<Events>()
    const seen: MappableEvent[] = []
    const response = await mapped(hub, (event) => {
      seen.push(event)
      return [{ event: 'mapped', data: event.data, id: 'not this one' }]
    })
    const first = await hub.publish('a', { event: 'price', data: { n: 1 }, key: 'k' })
    const second = await hub.publish('a', { data: 'two' })
    expect(await readEvents(response, { take: 2 })).toMatchObject([
      { event: 'mapped', data: '{"n":1}', id: first },
      { event: 'mapped', data: 'two', id: second },
    ])
    expect(seen).toEqual([
      { topic: 'a', event: 'price', data: { n: 1 }, id: first, key: 'k' },
      { topic: 'a', event: 'message', data: 'two', id: second },
    ])
  })

  it('sends the very same object as it was, byte for byte', async () => {
    const hub = createHub<Events>({ retry: 1 })
    await hub.publish('a', { event: 'price', data: { n: 1 } })
    await hub.publish('a', { data: 'two\r\nlines' })
    const [plain, through] = await Promise.all([
      eventStream(new Request(URL), hub.subscribe('a', { replay: 'all' })),
      mapped(hub, same),
    ])
    await hub.close()
    expect(await through.text()).toBe(await plain.text())
  })

  it('encodes an object anew that was changed, and leaves it to others as it was', async () => {
    const hub = createHub<Events>()
    await hub.publish('a', { event: 'price', data: { n: 1 } })
    const changed = await mapped(hub, (event) => [Object.assign(event, { data: 'changed' })])
    const unchanged = await mapped(hub, same)
    expect(await readEvents(changed, { take: 1 })).toMatchObject([{ event: 'price', data: 'changed' }])
    expect(await readEvents(unchanged, { take: 1 })).toMatchObject([{ event: 'price', data: '{"n":1}' }])
  })

  it('gives the id to the last of several, and to none where there is none', async () => {
    const hub = createHub<Events>()
    const response = await mapped(hub, ({ data }) =>
      data === 'none' ? [] : ['one', { data: 'two', id: 'x' }, 'three'],
    )
    await hub.publish('a', { data: 'none' })
    const id = await hub.publish('a', { data: 'it' })
    const events = await readEvents(response, { take: 3 })
    expect(events.map(({ data }) => data)).toEqual(['one', 'two', 'three'])
    expect(events.map((event) => event.id === id)).toEqual([false, false, true])
  })

  it('goes on after an id, and tells of a gap, as ever', async () => {
    const hub = createHub<Events>({ ring: { maxEvents: 2 } })
    const first = await hub.publish('a', { data: '1' })
    for (const data of ['2', '3', '4']) await hub.publish('a', { data })
    const response = await mapped(hub, ({ data }) => [`<${data}>`], { lastEventId: first })
    expect(await readEvents(response, { take: 3 })).toMatchObject([
      { event: 'sse.gap', data: expect.stringContaining('"trimmed"') },
      { data: '<3>' },
      { data: '<4>' },
    ])
  })

  it('maps a snapshot, whose events have no id', async () => {
    const hub = createHub<Events>()
    const seen: MappableEvent[] = []
    const snapshot = () => [{ event: 'price' as const, data: { n: 0 } }, { data: 'dropped' }]
    const response = await mapped(
      hub,
      (event) => {
        seen.push({ ...event })
        return event.data === 'dropped' ? [] : [{ ...event, data: 'mapped' }]
      },
      { snapshot },
    )
    const reading = readEvents(response)
    expect((await reading.next()).value).toMatchObject({ event: 'price', data: 'mapped' })
    expect(seen).toEqual([
      { event: 'price', data: { n: 0 } },
      { event: 'message', data: 'dropped' },
    ])
    await reading.return()
  })

  it('ends with the last event, and lets the client know, also where nothing is made of that', async () => {
    const hub = createHub<Events>()
    const until = ({ data }: { data: unknown }): boolean => data === 'last'
    await hub.publish('a', { data: 'first' })
    const last = await hub.publish('a', { data: 'last' })
    const response = await mapped(hub, (event) => (event.data === 'last' ? [] : [event as never]), { until })
    const reading = readEvents(response)
    expect(await reading).toMatchObject([{ data: 'first' }])
    expect(reading.lastEventId).toBe(last)
    expect((await mapped(hub, same, { until, lastEventId: last })).status).toBe(204)
  })

  it('ends the stream of who throws, and of nobody else; stage: `map`', async () => {
    const onError = vi.fn()
    const hub = createHub<Events>({ onError })
    const broken = await mapped(hub, () => {
      throw new Error('boom')
    })
    const sound = await mapped(hub, same)
    await hub.publish('a', { data: 'one' })
    expect(await readEvents(broken)).toEqual([])
    expect(await readEvents(sound, { take: 1 })).toMatchObject([{ data: 'one' }])
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'boom' }), { stage: 'map' })
  })

  it.each([{ event: 'a\nb', data: '' }, undefined, null, 7])('refuses what cannot be framed: %o', async (made) => {
    const onError = vi.fn()
    const hub = createHub<Events>({ onError })
    // What a mapping without types may give.
    const response = await mapped(hub, () => [made as never])
    await hub.publish('a', { data: 'one' })
    expect(await readEvents(response)).toEqual([])
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }), {
      stage: 'map',
    })
  })

  it('may publish so much meanwhile that what is being read is evicted', async () => {
    const hub = createHub<Events>({ ring: { maxEvents: 16 }, lag: 'skip' })
    for (let n = 0; n < 16; n++) await hub.publish('a', { data: `${n}` })
    let hasPublished = false
    const response = await mapped(hub, (event) => {
      if (!hasPublished) {
        hasPublished = true
        for (let n = 16; n < 48; n++) void hub.publish('a', { data: `${n}` })
      }
      return [event as never]
    })
    const events = await readEvents(response, { until: ({ data }) => data === '15' })
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 16 }, (_, n) => `${n}`))
  })

  it('leaves what is no subscription as it was', () => {
    const source = Object.create(null)
    expect(mapEvents(source, same)).toBe(source)
  })
})
