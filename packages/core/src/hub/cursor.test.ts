import { afterEach, describe, expect, it, vi } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { askFor, type ClientRequest, StreamClient, turns } from '../../test/stream-client.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubOptions, Lag } from './options.ts'
import type { SubscribeOptions } from './subscription.ts'

/** More than a Web stream takes while nobody reads: one such event fills it. */
const LONG = 'x'.repeat(20_000)

describe('a fresh client', () => {
  it('[H3] gets a time to reconnect and the id of the head at once, in one write', async () => {
    const hub = createHub({ retry: 1_234 })
    const id = await publish(hub, 'a', 'old')
    await turns()
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.read()
    expect(client.text).toBe(`retry: 1234\nid: ${id}\n\n`)
    expect(client).toMatchObject({ events: [], retry: 1_234, lastEventId: id })
  })

  it('gets that id from a log that has nothing yet, and resumes with it', async () => {
    const hub = createHub()
    const first = await StreamClient.open(hub.subscribe('a'))
    await first.read()
    await first.leave()
    await publish(hub, 'a', 'missed')
    await turns()
    const again = await StreamClient.open(hub.subscribe('a'), { lastEventId: first.lastEventId })
    expect((await again.settle()).data).toEqual(['missed'])
  })

  it('gets what is published from now on, and nothing else', async () => {
    const hub = createHub()
    await publish(hub, 'a', 'old')
    await turns()
    const client = await StreamClient.open(hub.subscribe('a'))
    await publish(hub, 'a', '1')
    await publish(hub, 'b', 'other')
    await publish(hub, 'a', '2')
    expect((await client.settle()).data).toEqual(['1', '2'])
  })

  const replays: [replay: 'none' | 'all' | number | undefined, of: string[]][] = [
    [undefined, []],
    ['none', []],
    [0, []],
    [1, ['5']],
    [2, ['3', '5']],
    [3, ['1', '3', '5']],
    [4, ['1', '3', '5']],
    [Number.MAX_SAFE_INTEGER, ['1', '3', '5']],
    ['all', ['1', '3', '5']],
  ]
  for (const [replay, of] of replays) {
    it(`gets ${of.length} events of three, in order, then what is new, where \`replay\` is ${replay}`, async () => {
      const hub = createHub()
      for (let i = 1; i <= 6; i++) await publish(hub, i % 2 === 0 ? 'b' : 'a', String(i))
      await turns()
      const client = await StreamClient.open(hub.subscribe('a', replay === undefined ? {} : { replay }))
      await client.settle()
      await publish(hub, 'a', 'new')
      await client.settle()
      expect(client.data).toEqual([...of, 'new'])
      expect(client.gaps).toEqual([])
    })
  }

  it('gets of a replay what its filter lets through, counted so', async () => {
    const hub = createHub()
    for (let i = 1; i <= 10; i++) await publish(hub, 'a', String(i))
    await turns()
    const filter = ({ data }: { data: unknown }): boolean => Number(data) % 3 === 0
    const client = await StreamClient.open(hub.subscribe('a', { replay: 2, filter }))
    expect((await client.settle()).data).toEqual(['6', '9'])
  })

  it('gets of a replay what the ring still holds, without a gap: it has missed nothing', async () => {
    const hub = createHub({ ring: { maxEvents: 3 } })
    for (let i = 1; i <= 9; i++) await publish(hub, 'a', String(i))
    await turns()
    const all = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    const five = await StreamClient.open(hub.subscribe('a', { replay: 5 }))
    expect((await all.settle()).data).toEqual(['7', '8', '9'])
    expect((await five.settle()).data).toEqual(['7', '8', '9'])
  })

  it('is at the place before the replay until it has it: who is cut in between gets the rest', async () => {
    const hub = createHub()
    for (let i = 1; i <= 3; i++) await publish(hub, 'a', `${i}${LONG}`)
    await turns()
    const client = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    await client.until(() => client.events.length === 1)
    await client.leave()
    expect(client.lastEventId).toBe(client.events[0]?.id)
    const again = await StreamClient.open(hub.subscribe('a', { replay: 'all' }), { lastEventId: client.lastEventId })
    expect((await again.settle()).data.map((data) => data[0])).toEqual(['2', '3'])
  })

  it('is not replayed what is too old, also where nothing has happened since', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const hub = createHub({ ring: { maxAge: 60_000 } })
    await publish(hub, 'a', 'old')
    await turns()
    vi.advanceTimersByTime(30_000)
    await publish(hub, 'a', 'newer')
    await turns()
    vi.advanceTimersByTime(30_001)
    for (const replay of ['all', 5] as const) {
      const client = await StreamClient.open(hub.subscribe('a', { replay }))
      expect((await client.settle()).data).toEqual(['newer'])
    }
  })
})

describe('a client that comes back', () => {
  it('gets what it has missed and goes on, nothing missing, nothing twice', async () => {
    const { hub, ids } = await hubWith(6)
    const client = await resume(hub, ids[2])
    await publish(hub, 'a', 'new')
    await client.settle()
    expect(client.data).toEqual(['4', '5', '6', 'new'])
    expect(client.events.slice(0, 3).map(({ id }) => id)).toEqual(ids.slice(3))
    expect(client.gaps).toEqual([])
  })

  it('gets no replay', async () => {
    const { hub, ids } = await hubWith(6)
    expect((await resume(hub, ids[4], { replay: 'all' })).data).toEqual(['6'])
    expect((await resume(hub, ids[5], { replay: 3 })).data).toEqual([])
  })

  it('gets nothing, and no gap, where it has everything', async () => {
    const { hub, ids } = await hubWith(6)
    const client = await resume(hub, ids[5])
    expect(client.events).toEqual([])
    expect(client.blocks).toHaveLength(1)
    expect(client.blocks[0]).toMatch(/^retry: \d+\n:$/)
  })

  it("resumes with an id that is none of its topics', or no event's at all: order decides", async () => {
    const hub = createHub()
    await publish(hub, 'a', '1')
    const other = await publish(hub, 'b', 'other')
    hub.disconnect({ principal: 'nobody' })
    const last = await publish(hub, 'a', '2')
    await turns()
    expect((await resume(hub, other)).data).toEqual(['2'])
    const [epoch, position] = last.split('.')
    expect((await resume(hub, `${epoch}.${Number(position) - 1}`)).data).toEqual(['2'])
    expect(hub.stats().gaps).toEqual({ trimmed: 0, epoch: 0, 'unknown-id': 0, lag: 0 })
  })

  it('resumes with an id that `publish` has given in the same turn', async () => {
    const hub = createHub()
    await hub.ready
    const id = await publish(hub, 'a', '1')
    const first = await StreamClient.open(hub.subscribe('a'), { lastEventId: id })
    const second = await StreamClient.open(hub.subscribe('a', { after: id }))
    void publish(hub, 'a', '2')
    await first.settle()
    await second.settle()
    expect([first.data, second.data]).toEqual([['2'], ['2']])
  })

  it('goes on after `after` where the request brings no id; a `Last-Event-ID` wins', async () => {
    const { hub, ids } = await hubWith(6)
    expect((await resume(hub, undefined, { after: ids[3] ?? '' })).data).toEqual(['5', '6'])
    expect((await resume(hub, ids[4], { after: ids[3] ?? '' })).data).toEqual(['6'])
  })

  it('is complete where only events of other topics have been evicted', async () => {
    const { hub, ids } = await hubWith(1, { ring: { maxEvents: 10 } })
    for (let i = 0; i < 100; i++) await publish(hub, 'busy', String(i))
    await publish(hub, 'a', 'after')
    await turns()
    for (const topics of ['a', ['a', 'c'], 'a/**'] as const) {
      const client = await StreamClient.open(hub.subscribe(topics), { lastEventId: ids[0] })
      expect((await client.settle()).data).toEqual(topics === 'a/**' ? [] : ['after'])
    }
    expect((await resume(hub, ids[0], {}, '**')).gaps).toHaveLength(1)
    expect((await resume(hub, ids[0], {}, ['a', 'busy'])).gaps).toHaveLength(1)
    expect(hub.stats().gaps.trimmed).toBe(2)
  })

  it('is complete at the last evicted event, and not before', async () => {
    const { hub, ids } = await hubWith(20, { ring: { maxEvents: 10 } })
    const complete = await resume(hub, ids[9])
    expect(complete.data).toEqual(texts(11, 20))
    expect(complete.gaps).toEqual([])
    expect((await resume(hub, ids[8])).gaps).toHaveLength(1)
  })

  it('is told of a gap whatever its filter would have said of what was evicted', async () => {
    const { hub, ids } = await hubWith(20, { ring: { maxEvents: 10 } })
    const filter = vi.fn(() => false)
    expect((await resume(hub, ids[3], { filter })).gaps).toHaveLength(1)
    expect(filter).toHaveBeenCalledTimes(10)
  })

  it('is told of what has become too old, also where nothing has happened since', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const { hub, ids } = await hubWith(2, { ring: { maxAge: 60_000 } })
    vi.advanceTimersByTime(60_001)
    expect((await resume(hub, ids[0])).gaps).toEqual([{ reason: 'trimmed', from: ids[0], to: ids[1], snapshot: false }])
    expect((await resume(hub, ids[1])).gaps).toEqual([])
  })

  it('goes on from the start of the ring after a `trimmed` gap, whose id is there', async () => {
    const { hub, ids } = await hubWith(20, { ring: { maxEvents: 10 } })
    const client = await resume(hub, ids[3], { replay: 'none' })
    const to = ids[9] ?? ''
    expect(client.events[0]).toEqual({
      event: 'sse.gap',
      data: JSON.stringify({ reason: 'trimmed', from: ids[3], to, snapshot: false }),
      id: to,
    })
    expect(client.data.slice(1)).toEqual(texts(11, 20))
    expect(hub.stats().gaps).toEqual({ trimmed: 1, epoch: 0, 'unknown-id': 0, lag: 0 })
  })

  const fresh: [replay: SubscribeOptions['replay'], data: string[], place: number][] = [
    ['none', [], 5],
    [2, ['5', '6'], 3],
    ['all', texts(1, 6), -1],
  ]
  for (const [replay, data, place] of fresh) {
    it(`is a fresh one after an \`epoch\` or \`unknown-id\` gap: \`replay\` ${replay} applies`, async () => {
      const { hub, ids } = await hubWith(6)
      for (const [id, reason, from] of [
        ['another.5', 'epoch', 'another.5'],
        ['not an id', 'unknown-id', null],
      ] as const) {
        const client = await resume(hub, id, { replay: replay ?? 'none' })
        const to = ids[place] ?? ids[0]?.replace(/\d+$/, '0')
        expect(client.gaps).toEqual([{ reason, from, to, snapshot: false }])
        expect(client.events[0]?.id).toBe(to)
        expect(client.data.slice(1)).toEqual(data)
        expect(hub.stats().gaps[reason]).toBe(1)
      }
    })
  }

  const hostile = [
    '<script>alert(1)</script>',
    `e.${'9'.repeat(300)}`,
    'x'.repeat(200),
    '\u00e9\u00ff',
    '...',
    'e.-1',
    "' OR 1=1",
  ]
  for (const id of hostile) {
    it(`is told of a gap and nothing of its id is repeated: ${id.slice(0, 20)}`, async () => {
      const { hub } = await hubWith(2)
      const epoch = hub.stats().ring.head.split('.')[0]
      const client = await resume(hub, id.replace(/^e\./, `${epoch}.`))
      expect(client.gaps).toMatchObject([{ reason: 'unknown-id', from: null }])
      expect(client.text).not.toContain(id.replace(/^e\./, ''))
      await publish(hub, 'a', 'goes on')
      expect((await client.settle()).data.at(-1)).toBe('goes on')
    })
  }
})

describe('a client that is ahead of the log', () => {
  afterEach(() => vi.useRealTimers())

  /** A log that this node is behind of: another node has served the client. */
  const behind = (): { log: StageLog; hub: Hub } => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    const log = new StageLog()
    const hub = createHub({ log, heartbeat: 15_000 })
    log.putAll('a', '1', '2')
    return { log, hub }
  }

  it('waits for the log to reach its id, and is complete then', async () => {
    const { log, hub } = behind()
    await hub.ready
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.4' })
    await client.settle()
    expect(client.blocks).toHaveLength(1)
    vi.advanceTimersByTime(4_000)
    log.putAll('a', '3')
    await client.settle()
    expect(client.blocks).toHaveLength(1)
    log.putAll('a', '4')
    await client.settle()
    expect([...hub.connections]).toMatchObject([{ cursor: 'e1.4' }])
    vi.advanceTimersByTime(20_000)
    log.putAll('a', '5', '6')
    await client.settle()
    expect(client.data).toEqual(['5', '6'])
    expect(client.gaps).toEqual([])
  })

  it('waits for a new epoch that this node has not read of yet: it is not sent back to the old one', async () => {
    const { log, hub } = behind()
    await hub.ready
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e2.1' })
    const stale = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e0.1' })
    vi.advanceTimersByTime(4_000)
    log.putAll('a', '3')
    await client.settle()
    expect(client.blocks).toHaveLength(1)
    log.lose('e2', ...['4', '5'].map((data) => ({ topic: 'a', event: 'message', data, raw: true })))
    log.arrive()
    await client.settle()
    vi.advanceTimersByTime(20_000)
    log.putAll('a', '6')
    await client.settle()
    expect(client.data).toEqual(['5', '6'])
    expect(client.gaps).toEqual([])
    expect((await stale.settle()).gaps).toMatchObject([{ reason: 'epoch' }, { reason: 'epoch' }])
  })

  it('waits for a new epoch for 5 seconds, then begins anew', async () => {
    const { log, hub } = behind()
    await hub.ready
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e2.1' })
    vi.advanceTimersByTime(4_000)
    await client.settle()
    expect(client.gaps).toEqual([])
    vi.advanceTimersByTime(2_000)
    log.putAll('a', '3')
    await client.settle()
    expect(client.gaps).toMatchObject([{ reason: 'unknown-id', from: 'e2.1', to: 'e1.2' }])
    expect(client.data.at(-1)).toBe('3')
  })

  it('waits for its own id, not for that of others', async () => {
    const { log, hub } = behind()
    await hub.ready
    const ids = ['e1.5', 'e1.3', 'e1.4'].map((lastEventId) => ({ lastEventId }))
    const clients = await Promise.all(ids.map((id) => StreamClient.open(hub.subscribe('a'), id)))
    const served = async (): Promise<(string | undefined)[]> => {
      await turns()
      return [...hub.connections].map(({ cursor }) => cursor)
    }
    log.putAll('a', '3')
    expect(await served()).toEqual([undefined, 'e1.3', undefined])
    log.putAll('a', '4')
    expect(await served()).toEqual([undefined, 'e1.4', 'e1.4'])
    log.putAll('a', '5', '6')
    expect(await served()).toEqual(['e1.6', 'e1.6', 'e1.6'])
    for (const client of clients) await client.settle()
    expect(clients.map(({ data }) => data)).toEqual([['6'], ['4', '5', '6'], ['5', '6']])
  })

  it('is unknown after five seconds, not before, and a fresh one then', async () => {
    const { log, hub } = behind()
    await hub.ready
    const client = await StreamClient.open(hub.subscribe('a', { replay: 1 }), { lastEventId: 'e1.99' })
    vi.advanceTimersByTime(4_900)
    expect((await client.settle()).events).toEqual([])
    vi.advanceTimersByTime(1_200)
    await client.settle()
    expect(client.gaps).toEqual([{ reason: 'unknown-id', from: 'e1.99', to: 'e1.1', snapshot: false }])
    expect(client.data.slice(1)).toEqual(['2'])
    log.putAll('a', '3')
    expect((await client.settle()).data.slice(1)).toEqual(['2', '3'])
  })

  it('waits five seconds wherever the clock was before the first stream', async () => {
    const { hub } = behind()
    await hub.ready
    vi.advanceTimersByTime(60_000)
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.99' })
    vi.advanceTimersByTime(4_000)
    expect((await client.settle()).events).toEqual([])
    vi.advanceTimersByTime(2_100)
    expect((await client.settle()).gaps).toHaveLength(1)
  })

  it('does not wait longer because the log moves on', async () => {
    const { log, hub } = behind()
    await hub.ready
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.9999' })
    for (let i = 3; i < 9; i++) {
      // Another one's id is reached each time.
      await StreamClient.open(hub.subscribe('a'), { lastEventId: `e1.${i}` })
      log.putAll('a', 'x')
      await turns()
      vi.advanceTimersByTime(1_000)
    }
    expect((await client.settle()).gaps).toMatchObject([{ reason: 'unknown-id' }])
  })

  it('leaves nothing behind when it goes while it waits', async () => {
    const { log, hub } = behind()
    await hub.ready
    const snapshot = vi.fn(() => [])
    // The one who stays keeps the clock going.
    await (await StreamClient.open(hub.subscribe('b'))).settle()
    for (const lastEventId of ['e1.4', 'e1.99']) {
      await (await StreamClient.open(hub.subscribe('a', { snapshot }), { lastEventId })).leave()
    }
    log.putAll('a', '3', '4', '5')
    await turns()
    vi.advanceTimersByTime(10_000)
    await turns()
    expect(snapshot).not.toHaveBeenCalled()
    expect(hub.size).toBe(1)
    expect(hub.stats()).toMatchObject({ delivered: 0, gaps: { 'unknown-id': 0 } })
  })
})

describe('a slow client', () => {
  it('keeps only its place, and catches up from the ring: nothing missing, nothing twice', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    await turns()
    for (let i = 0; i < 100; i++) {
      await publish(hub, 'a', `${i},${'x'.repeat(1_000)}`)
      await turns(1)
    }
    const [info] = hub.connections
    expect(info?.state).toBe('lagging')
    expect(info?.bufferedBytes).toBeLessThan(20_000)
    expect(hub.stats()).toMatchObject({ lagging: 1, published: 100 })
    await client.settle()
    expect(client.data.map((data) => Number.parseInt(data, 10))).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await publish(hub, 'a', 'live again')
    await client.settle()
    expect(client.data.at(-1)).toBe('live again')
    expect(hub.stats()).toMatchObject({ lagging: 0, delivered: 101 })
  })

  it('delays nobody', async () => {
    const hub = createHub({ lag: 'skip' })
    await StreamClient.open(hub.subscribe('a'))
    const healthy = await StreamClient.open(hub.subscribe('a'))
    for (let i = 0; i < 50; i++) {
      await publish(hub, 'a', `${i}${LONG}`)
      await healthy.settle()
      expect(healthy.events).toHaveLength(i + 1)
    }
  })

  it('is shown where it is, not where the log is', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a'))
    const first = await publish(hub, 'a', LONG)
    await turns()
    await publish(hub, 'a', 'more')
    await turns()
    expect([...hub.connections]).toMatchObject([{ cursor: first, state: 'lagging' }])
    await client.settle()
    expect([...hub.connections]).toMatchObject([{ cursor: hub.stats().ring.head, state: 'live' }])
  })

  it('is cut with the reason `slow` when the ring has passed it, before it drains, and learns why when it is back', async () => {
    const { hub, client, reasons } = await lagging('disconnect')
    for (let i = 0; i < 20; i++) await publishAlone(hub, 'a', String(i))
    expect(reasons).toEqual(['slow'])
    await client.toEnd()
    expect(client.state).toBe('cut')
    const again = await resume(hub, client.lastEventId)
    expect(again.gaps).toMatchObject([{ reason: 'trimmed', from: client.lastEventId }])
    expect(again.data.slice(1)).toEqual(texts(12, 19))
  })

  it('is cut when it drains and the ring has passed it, where nobody has looked before', async () => {
    const { hub, client, reasons } = await lagging('disconnect', 80)
    // The ring is looked through after every eighth: at 80 and at 90.
    for (let i = 2; i <= 85; i++) await publishAlone(hub, 'a', String(i))
    expect(reasons).toEqual([])
    await client.toEnd()
    expect(client).toMatchObject({ state: 'cut', data: [LONG] })
    expect(reasons).toEqual(['slow'])
  })

  it('catches up, nothing missing, where sends of the application have filled its sink', async () => {
    for (const isLive of [false, true]) {
      const hub = createHub()
      let send = (): unknown => undefined
      const client = await StreamClient.open((stream) => {
        send = () => stream.send(LONG)
        if (!isLive) send()
        return hub.subscribe('a')
      })
      await turns()
      if (isLive) send()
      await turns()
      expect([...hub.connections]).toMatchObject([{ state: 'lagging' }])
      for (let i = 0; i < 5; i++) await publishAlone(hub, 'a', String(i))
      await client.settle()
      expect(client.data).toEqual([LONG, ...texts(0, 4)])
      await publishAlone(hub, 'a', '5')
      expect((await client.settle()).data.at(-1)).toBe('5')
    }
  })

  it('is not cut where the ring has passed it with events of other topics alone', async () => {
    const { hub, client, reasons } = await lagging('disconnect')
    for (let i = 0; i < 50; i++) await publishAlone(hub, 'c', String(i))
    await publishAlone(hub, 'a', 'last')
    expect(reasons).toEqual([])
    await client.settle()
    expect(client.data.slice(1)).toEqual(['last'])
    expect(client.gaps).toEqual([])
  })

  it('gets a gap and goes on from the head where its policy is `skip`', async () => {
    const { hub, client, reasons } = await lagging('skip')
    const ids: string[] = []
    for (let i = 0; i < 20; i++) ids.push(await publishAlone(hub, 'a', String(i)))
    await client.settle()
    const place = client.events[0]?.id
    expect(client.events.slice(1)).toEqual([
      {
        event: 'sse.gap',
        data: JSON.stringify({ reason: 'lag', from: place, to: ids[19], snapshot: false }),
        id: ids[19],
      },
    ])
    await publishAlone(hub, 'a', 'new')
    expect((await client.settle()).data.at(-1)).toBe('new')
    expect(reasons).toEqual([])
    expect(hub.stats().gaps.lag).toBe(1)
  })

  it('skips nothing, and is told nothing, as long as the ring has it', async () => {
    const { hub, client } = await lagging('skip')
    for (let i = 0; i < 8; i++) await publishAlone(hub, 'a', String(i))
    await client.settle()
    expect(client.data.slice(1)).toEqual(texts(0, 7))
  })

  it('gets the newest of each topic, event and key where its policy is `conflate`, in order', async () => {
    const { hub, client } = await lagging('conflate', 100)
    const publications: [topic: string, event: string, key: string | undefined, data: string][] = [
      ['a', 'price', 'x', '1 replaced'],
      ['a', 'price', 'y', '2'],
      ['a', 'trade', 'x', '3 another event'],
      ['b', 'price', 'x', '4 another topic'],
      ['a', 'price', undefined, '5 without a key'],
      ['a', 'price', '', '6 replaced, with the empty key'],
      ['a', 'price', undefined, '7 without a key'],
      ['a', 'price', 'x', '8 replaced'],
      ['a', 'price', '', '9'],
      ['a', 'price', 'x', '10'],
    ]
    for (const [topic, event, key, data] of publications) {
      await hub.publish(topic, { event, data, ...(key !== undefined && { key }) })
      await turns(1)
    }
    await client.settle()
    expect(client.data.slice(1)).toEqual(
      publications.map(([, , , data]) => data).filter((data) => !data.includes('replaced')),
    )
    expect(client.gaps).toEqual([])
    // Live it gets every one.
    for (const data of ['11', '12']) void hub.publish('a', { event: 'price', data, key: 'x' })
    await client.settle()
    expect(client.data.slice(-2)).toEqual(['11', '12'])
  })

  it('is told of a gap for what was evicted before it was conflated, and of no other', async () => {
    const { hub, client } = await lagging('conflate')
    for (let i = 0; i < 20; i++) {
      await hub.publish('a', { data: String(i), key: i % 2 === 0 ? 'even' : 'odd' })
      await turns(1)
    }
    await client.settle()
    expect(client.gaps).toMatchObject([{ reason: 'lag', from: client.events[0]?.id, snapshot: false }])
    expect(client.data.slice(2)).toEqual(['18', '19'])
  })

  it('conflates nothing away that has no replacement for this client', async () => {
    const filter = ({ data }: { data: unknown }): boolean => !String(data).includes('hidden')
    const { hub, client } = await lagging('conflate', 100, { filter })
    for (const data of ['1', '2', '3 hidden', '4 hidden']) {
      await hub.publish('a', { data, key: 'k' })
      await turns(1)
    }
    expect((await client.settle()).data.slice(1)).toEqual(['2'])
  })

  it('conflates nothing away for what has not been flushed', async () => {
    const { hub, client } = await lagging('conflate', 100)
    await hub.publish('a', { data: 'flushed', key: 'k' })
    await turns()
    void hub.publish('a', { data: 'not yet', key: 'k' })
    // Draining happens in microtasks here, before the flush.
    await client.until(() => client.events.length >= 2)
    expect(client.data.slice(1)).toEqual(['flushed'])
    expect((await client.settle()).data.slice(1)).toEqual(['flushed', 'not yet'])
  })

  it('holds to its policy when it resumes', async () => {
    for (const [lag, rest] of [
      ['disconnect', texts(11, 20)],
      ['skip', []],
      ['conflate', ['19', '20']],
    ] as const) {
      const hub = createHub({ ring: { maxEvents: 10 } })
      const ids: string[] = []
      for (let i = 1; i <= 20; i++) ids.push(await hub.publish('a', { data: String(i), key: String(i % 2) }))
      await turns()
      const trimmed = await resume(hub, ids[2], { lag })
      const to = lag === 'skip' ? ids[19] : ids[9]
      expect(trimmed.gaps).toEqual([{ reason: 'trimmed', from: ids[2], to, snapshot: false }])
      expect(trimmed.data.slice(1)).toEqual(rest)
      const complete = await resume(hub, ids[14], { lag })
      expect(complete.gaps).toEqual([])
      expect(complete.data).toEqual(lag === 'conflate' ? ['19', '20'] : texts(16, 20))
    }
  })

  it('catches up with long histories, giving others their turn, exactly once', async () => {
    const hub = createHub()
    for (let i = 0; i < 2_000; i++) await publish(hub, 'a', `${i},${'x'.repeat(1_000)}`)
    await turns()
    const client = await StreamClient.open(hub.subscribe('a', { replay: 'all' }))
    client.flow()
    await publish(hub, 'a', '2000,')
    await client.until(() => client.events.length > 2_000)
    await turns()
    expect(client.data.map((data) => Number.parseInt(data, 10))).toEqual(Array.from({ length: 2_001 }, (_, i) => i))
    expect(Math.max(...client.writes.map(({ length }) => length))).toBeLessThan(20_000)
  })
})

describe('a quiet client', () => {
  afterEach(() => vi.useRealTimers())

  const beating = (options: HubOptions = {}): Hub => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    return createHub({ heartbeat: 4_000, ...options })
  }

  it('has its id moved on by its heartbeat, and resumes there', async () => {
    const hub = beating({ ring: { maxEvents: 1_000 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    const newest = await publish(hub, 'b', 'not for it')
    await client.settle()
    expect(client.lastEventId).not.toBe(newest)
    vi.advanceTimersByTime(5_000)
    await client.settle()
    expect(client.blocks.slice(1)).toEqual([`id: ${newest}`])
    expect(client.events).toEqual([])
    await client.leave()
    await publish(hub, 'a', 'missed')
    await turns()
    expect((await resume(hub, client.lastEventId)).data).toEqual(['missed'])
  })

  it('gets a comment after a gap that has told it where it is', async () => {
    const hub = beating()
    await publishAlone(hub, 'a', '1')
    const client = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'no id' })
    await client.settle()
    vi.advanceTimersByTime(5_000)
    expect((await client.settle()).blocks.slice(2)).toEqual([':'])
  })

  it('gets a comment where nothing has advanced', async () => {
    const hub = beating()
    const client = await StreamClient.open(hub.subscribe('a'))
    await publish(hub, 'a', 'x')
    await client.settle()
    const blocks = client.blocks.length
    vi.advanceTimersByTime(5_000)
    expect((await client.settle()).blocks.slice(blocks)).toEqual([':'])
    const newest = await publish(hub, 'b', 'x')
    await turns()
    vi.advanceTimersByTime(10_000)
    expect((await client.settle()).blocks.slice(blocks)).toEqual([':', `id: ${newest}`, ':'])
  })

  it('is given what its filter has held back, as passed', async () => {
    const hub = beating()
    const client = await StreamClient.open(hub.subscribe('a', { filter: () => false }))
    await client.settle()
    const newest = await publish(hub, 'a', 'x')
    await turns()
    vi.advanceTimersByTime(5_000)
    expect((await client.settle()).lastEventId).toBe(newest)
  })

  it('is given no position that has not been flushed', async () => {
    const hub = beating()
    const client = await StreamClient.open(hub.subscribe('a'))
    const flushed = await publish(hub, 'b', 'x')
    await client.settle()
    void publish(hub, 'a', 'unflushed')
    vi.advanceTimersByTime(5_000)
    await client.settle()
    expect(client.blocks.slice(1, 2)).toEqual([`id: ${flushed}`])
    expect(client.data).toEqual(['unflushed'])
  })

  it('gets no checkpoint while it lags: its id is what it was written', async () => {
    const hub = beating({ ring: { maxEvents: 1_000 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    await turns()
    await publish(hub, 'a', LONG)
    await turns()
    for (let i = 0; i < 600; i++) await publish(hub, i % 2 === 0 ? 'a' : 'b', String(i))
    await turns()
    vi.advanceTimersByTime(10_000)
    await turns()
    await client.until(() => client.events.length === 1)
    expect(client.lastEventId).toBe(client.events[0]?.id)
    await client.settle()
    expect(client.data.slice(1)).toEqual(Array.from({ length: 300 }, (_, i) => String(2 * i)))
  })

  it('has its id moved on when a quarter of the events of the ring has been appended since the last', async () => {
    const hub = createHub({ ring: { maxEvents: 400 }, heartbeat: false })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    const behindBy: number[] = []
    for (let i = 0; i < 1_000; i++) {
      const id = await publishAlone(hub, 'b', 'x')
      const [passed, newest] = [client.lastEventId, id].map((each) => Number(each?.split('.')[1]))
      behindBy.push((newest ?? 0) - (passed ?? 0))
    }
    await client.settle()
    expect(Math.max(...behindBy)).toBeLessThanOrEqual(100)
    expect(client.blocks.length).toBeLessThanOrEqual(1 + 1_000 / 50)
    expect(client.blocks.slice(1).every((block) => /^id: \S+$/.test(block))).toBe(true)
  })

  it('has it moved on when a quarter of the bytes of the ring has been appended', async () => {
    const hub = createHub({ ring: { maxBytes: 100_000 }, heartbeat: false })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    const behindBy: number[] = []
    let passed = 0
    for (let i = 0; i < 2_000; i++) {
      const { lastEventId } = client
      const id = await publishAlone(hub, 'b', 'x'.repeat(200))
      if (client.lastEventId !== lastEventId) passed = i + 1
      behindBy.push((i + 1 - passed) * `data: ${'x'.repeat(200)}\nid: ${id}\n\n`.length)
    }
    expect(Math.max(...behindBy)).toBeLessThanOrEqual(26_000)
    expect(client.blocks.length).toBeGreaterThan(10)
  })

  it('is complete however much the others publish, where it resumes with what it has', async () => {
    const hub = createHub({ ring: { maxEvents: 40 }, heartbeat: false })
    const client = await StreamClient.open(hub.subscribe('**', { filter: ({ topic }) => topic === 'a' }))
    await client.settle()
    for (let i = 0; i < 500; i++) await publishAlone(hub, 'b', 'x')
    await client.leave()
    const again = await StreamClient.open(hub.subscribe('**'), { lastEventId: client.lastEventId })
    expect((await again.settle()).gaps).toEqual([])
  })

  it('never gets a frame of an id alone where `checkpoints` are off', async () => {
    const hub = beating({ checkpoints: false, ring: { maxEvents: 40 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    await client.settle()
    for (let i = 0; i < 200; i++) await publishAlone(hub, 'b', 'x')
    vi.advanceTimersByTime(5_000)
    await client.settle()
    expect(client.blocks).toEqual([expect.stringMatching(/^retry: \d+\n:$/), ':'])
    const id = await publishAlone(hub, 'a', 'x')
    await client.settle()
    expect(client.events).toEqual([{ event: undefined, data: 'x', id }])
  })
})

describe('until', () => {
  const until = ({ event }: { event: string }): boolean => event === 'end'
  const end = (hub: Hub, data = 'end'): Promise<string> => hub.publish('a', { event: 'end', data })

  it('ends the stream after the last event, whatever the turn goes on to publish', async () => {
    const reasons: string[] = []
    const hub = createHub({ onClose: (_, reason) => reasons.push(reason) })
    const client = await StreamClient.open(hub.subscribe('a', { until }))
    const other = await StreamClient.open(hub.subscribe('a'))
    void publish(hub, 'a', '1')
    void end(hub)
    void publish(hub, 'a', '2')
    await client.toEnd()
    expect(client).toMatchObject({ state: 'ended', data: ['1', 'end'] })
    expect(reasons).toEqual(['complete'])
    expect((await other.settle()).data).toEqual(['1', 'end', '2'])
  })

  it('ends a client that lags when it has read the last event', async () => {
    const hub = createHub()
    const client = await StreamClient.open(hub.subscribe('a', { until }))
    for (const data of [LONG, '1', '2']) await publishAlone(hub, 'a', data)
    await end(hub)
    await publishAlone(hub, 'a', '3')
    await client.toEnd()
    expect(client).toMatchObject({ state: 'ended', data: [LONG, '1', '2', 'end'] })
  })

  it('[H16] answers 204 to a client that comes back having seen the last event, as long as the ring has it', async () => {
    const hub = createHub({ ring: { maxEvents: 10 } })
    const before = await publishAlone(hub, 'a', '1')
    const last = await end(hub)
    const after = await publishAlone(hub, 'a', '2')
    for (const replay of ['none', 'all'] as const) {
      const subscription = hub.subscribe('a', { until, replay })
      for (const id of [last, after]) {
        const response = await askFor(subscription, { lastEventId: id })
        expect([response.status, response.body]).toEqual([204, null])
      }
      const rest = await StreamClient.open(subscription, { lastEventId: before })
      expect((await rest.toEnd()).data).toEqual(['end'])
    }
    expect(hub.size).toBe(0)
    for (let i = 0; i < 20; i++) await publishAlone(hub, 'b', 'x')
    const gone = await StreamClient.open(hub.subscribe('a', { until }), { lastEventId: last })
    expect((await gone.settle()).state).toBe('open')
  })

  it('ends a fresh client after a replay that has the last event', async () => {
    const hub = createHub()
    await publishAlone(hub, 'a', '1')
    await end(hub)
    await publishAlone(hub, 'a', '2')
    const client = await StreamClient.open(hub.subscribe('a', { until, replay: 'all' }))
    expect(await client.toEnd()).toMatchObject({ state: 'ended', data: ['1', 'end'] })
  })

  it('goes by what the filter lets through', async () => {
    const hub = createHub()
    const filter = ({ data }: { data: unknown }): boolean => data !== 'not mine'
    const client = await StreamClient.open(hub.subscribe('a', { until, filter }))
    await end(hub, 'not mine')
    await publishAlone(hub, 'a', '1')
    await end(hub, 'mine')
    expect((await client.toEnd()).data).toEqual(['1', 'mine'])
    const first = await StreamClient.open(hub.subscribe('a', { until, filter }), { lastEventId: client.events[0]?.id })
    expect((await first.toEnd()).data).toEqual(['mine'])
  })

  it('conflates nothing away for what comes after the last event, which such a client never gets', async () => {
    const hub = createHub({ lag: 'conflate' })
    await hub.publish('a', { data: '1', key: 'k' })
    await hub.publish('a', { data: '2', key: 'k' })
    await hub.publish('a', { event: 'end', data: 'end', key: 'k' })
    await hub.publish('a', { data: '3', key: 'k' })
    await turns()
    const client = await StreamClient.open(hub.subscribe('a', { until, replay: 'all' }))
    expect((await client.toEnd()).data).toEqual(['2', 'end'])
  })

  it('ends who waited for the log, having seen the last event', async () => {
    const log = new StageLog({ isThere: false })
    log.putAll('a', '1', 'end')
    const hub = createHub({ log })
    const isEnd = ({ data }: { data: unknown }): boolean => data === 'end'
    const client = await StreamClient.open(hub.subscribe('a', { until: isEnd }), { lastEventId: 'e1.2' })
    await turns()
    log.arrive()
    expect(await client.toEnd()).toMatchObject({ state: 'ended', events: [] })
  })
})

describe('a filter or `until` that throws', () => {
  const failing = (data: unknown): boolean => {
    if (data === 'bad') throw new Error('thrown')
    return true
  }
  const callbacks = {
    filter: { filter: ({ data }: { data: unknown }) => failing(data) },
    until: { until: ({ data }: { data: unknown }) => failing(data) && false },
  }
  for (const [name, options] of Object.entries(callbacks)) {
    it(`[H11] ends the streams of its subscription alone, with an error, told once (${name}, live)`, async () => {
      const { hub, errors, reasons } = watched()
      const subscription = hub.subscribe('a', options)
      const broken = await Promise.all([1, 2].map(() => StreamClient.open(subscription)))
      const healthy = await StreamClient.open(hub.subscribe('a'))
      void publish(hub, 'a', 'good')
      void publish(hub, 'a', 'bad')
      void publish(hub, 'a', 'after')
      for (const client of broken) {
        expect(await client.toEnd()).toMatchObject({ state: 'ended', data: ['good'] })
        expect(client.text).not.toContain('thrown')
      }
      expect((await healthy.settle()).data).toEqual(['good', 'bad', 'after'])
      expect(errors).toEqual([[new Error('thrown'), { stage: name }]])
      expect(reasons).toEqual(['error', 'error'])
    })

    it(`ends a client that reads the ring (${name})`, async () => {
      const { hub, errors, reasons } = watched()
      for (const data of ['good', 'bad', 'after']) await publish(hub, 'a', data)
      await turns()
      const client = await StreamClient.open(hub.subscribe('a', { ...options, replay: 'all' }))
      await client.toEnd()
      expect(client.state).toBe('ended')
      expect(client.data).not.toContain('bad')
      expect(errors).toEqual([[new Error('thrown'), { stage: name }]])
      expect(reasons).toEqual(['error'])
    })
  }

  it('is an error of the request before the stream is open, and nothing stays', async () => {
    const { hub, reasons } = watched()
    const id = await publish(hub, 'a', 'bad')
    await turns()
    await expect(askFor(hub.subscribe('a', { ...callbacks.filter, replay: 1 }))).rejects.toThrow('thrown')
    await expect(askFor(hub.subscribe('a', callbacks.until), { lastEventId: id })).rejects.toThrow('thrown')
    expect(hub.size).toBe(0)
    expect(reasons).toEqual([])
  })

  it('ends who waited for the log', async () => {
    const log = new StageLog({ isThere: false })
    log.putAll('a', 'bad')
    const { hub, errors } = watched({ log })
    const client = await StreamClient.open(hub.subscribe('a', { ...callbacks.filter, replay: 1 }))
    await turns()
    log.arrive()
    expect((await client.toEnd()).state).toBe('ended')
    expect(errors).toHaveLength(1)
  })
})

describe('a filter that publishes', () => {
  it('[S8] loses nobody anything, live', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    const filter = ({ data }: { data: unknown }): boolean => {
      if (!String(data).startsWith('echo')) void publish(hub, 'a', `echo ${String(data)}`)
      return true
    }
    const client = await StreamClient.open(hub.subscribe('a', { filter }))
    const plain = await StreamClient.open(hub.subscribe('a'))
    for (const data of ['1', '2', '3']) await publish(hub, 'a', data)
    await client.settle()
    await plain.settle()
    expect(client.data).toEqual(plain.data)
    expect(client.data.toSorted()).toEqual(['1', '2', '3', 'echo 1', 'echo 2', 'echo 3'])
  })

  it('[S8] does not have what it is asked about evicted under the reader', async () => {
    const hub = createHub({ ring: { maxEvents: 8 } })
    for (let i = 1; i <= 8; i++) await publish(hub, 'a', String(i))
    await turns()
    let asked = 0
    const filter = (): boolean => {
      asked++
      for (let i = 0; i < 8; i++) void publish(hub, 'audit', String(asked))
      return true
    }
    const client = await StreamClient.open(hub.subscribe('a', { filter, replay: 'all' }))
    await client.settle()
    expect(client.data).toEqual(texts(1, 8))
    expect(client.state).toBe('open')
    await publishAlone(hub, 'b', 'next')
    expect(hub.stats().ring.events).toBe(8)
  })

  it('[S8] sends nothing twice or out of order of what was flushed while its audience was being made', async () => {
    const hub = createHub({ ring: { maxEvents: 80 } })
    await hub.ready
    void publish(hub, 'a', '1')
    void publish(hub, 'a', '2')
    let asked = 0
    const filter = (): boolean => {
      // Enough to be flushed at once.
      if (asked++ === 0) for (let i = 0; i < 10; i++) void publish(hub, 'b', 'x')
      return true
    }
    const client = await StreamClient.open(hub.subscribe('a', { filter }))
    await publish(hub, 'a', '3')
    await client.settle()
    expect(client.data).toEqual(['3'])
  })

  it('[S8] takes over what it publishes while its audience is being made', async () => {
    const hub = createHub()
    await hub.ready
    void publish(hub, 'a', '1')
    const filter = ({ data }: { data: unknown }): boolean => {
      if (data === '1') void publish(hub, 'a', '2')
      return true
    }
    const client = await StreamClient.open(hub.subscribe('a', { filter }))
    expect((await client.settle()).data).toEqual(['1', '2'])
  })
})

function publish(hub: Hub, topic: string, data: string): Promise<string> {
  return hub.publish(topic, { data })
}

/** Publishes an event that has a turn for itself. */
async function publishAlone(hub: Hub, topic: string, data: string): Promise<string> {
  const id = await publish(hub, topic, data)
  await turns(1)
  return id
}

/** A hub that has published so many events to `a`, flushed. */
async function hubWith(events: number, options: HubOptions = {}): Promise<{ hub: Hub; ids: string[] }> {
  const hub = createHub(options)
  const ids: string[] = []
  for (let i = 1; i <= events; i++) ids.push(await publish(hub, 'a', String(i)))
  await turns()
  return { hub, ids }
}

/** A client that has come back, and read what there is for it. */
async function resume(
  hub: Hub,
  lastEventId: ClientRequest['lastEventId'],
  options: SubscribeOptions = {},
  topics: string | readonly string[] = 'a',
): Promise<StreamClient> {
  return (await StreamClient.open(hub.subscribe(topics, options), { lastEventId })).settle()
}

/** A client of `a` and `b` that takes nothing more, after its first event. */
async function lagging(
  lag: Lag,
  maxEvents = 8,
  options: SubscribeOptions = {},
): Promise<{ hub: Hub; client: StreamClient; reasons: string[] }> {
  const reasons: string[] = []
  const hub = createHub({ ring: { maxEvents }, onClose: (_, reason) => reasons.push(reason) })
  const client = await StreamClient.open(hub.subscribe(['a', 'b'], { lag, ...options }))
  await client.read()
  // One event more than fills it, so that a read of the first does not make room.
  await publishAlone(hub, 'a', LONG)
  expect([...hub.connections]).toMatchObject([{ state: 'lagging' }])
  return { hub, client, reasons }
}

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

function texts(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
}
