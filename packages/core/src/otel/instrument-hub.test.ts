import { type Meter, type MeterProvider, metrics } from '@opentelemetry/api'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { serveHttp } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { startScraping } from '../../test/scraped.ts'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { until, untilSettled } from '../../test/until.ts'
import { createHub, type Hub } from '../hub/hub.ts'
import type { HubOptions } from '../hub/options.ts'
import { TIME } from '../hub/timing.ts'
import { eventStream } from '../node/event-stream.ts'
import { instrumentHub } from './instrument-hub.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  metrics.disable()
})

describe('instrumentHub', () => {
  it('gives the numbers of what clients have done over sockets, exactly', async () => {
    const { meterProvider, scrape } = await startScraping()
    const { hub, port } = await served({
      ring: { maxEvents: 4 },
      limits: { connections: 4, perPrincipal: 1, eventBytes: 99 },
    })
    instrumentHub(hub, { meterProvider })
    const before = await scrape()
    expect(new Set(Object.values(before))).toEqual(new Set([0, 1]))
    expect(before['sse_server_log_status{sse_log_state="idle"}']).toBe(1)

    const get = (path: string, ...headers: string[]): RawClient =>
      RawClient.connect(port).request([`GET ${path} HTTP/1.1`, 'Accept: text/event-stream', ...headers].join('\r\n'))
    const stays = await get('/').untilBody('id: ')
    const ann = await get('/?principal=ann').untilBody('id: ')
    const refused = [await get('/?principal=ann').untilComplete()]
    // Ten in one turn.
    const ids = await Promise.all(Array.from({ length: 10 }, (_, i) => hub.publish('a', { data: `event ${i}` })))
    for (const client of [stays, ann]) await client.untilBody('event 9')
    expect(() => hub.publish('a', { data: 'x'.repeat(100) })).toThrow('eventBytes')
    const resumed = await get('/', `Last-Event-ID: ${ids[6]}`).untilBody('event 9')
    const trimmed = await get('/', `Last-Event-ID: ${ids[0]}`).untilBody('event 9')
    refused.push(await get('/').untilComplete())
    hub.disconnect({ principal: 'ann' })
    await ann.untilComplete()
    const unknown = await get('/', 'Last-Event-ID: other.7').untilBody('sse.gap')
    resumed.leave()
    await until(() => hub.size === 3)

    const streams = [stays, ann, resumed, trimmed, unknown]
    expect(refused.map(({ body }) => body)).toEqual([
      expect.stringMatching(/^retry: \d+\n\n$/),
      expect.stringMatching(/^retry/),
    ])
    expect(changed(before, await scrape())).toEqual({
      'sse_server_connection_count{sse_connection_state="live"}': 3,
      sse_server_connection_opened_total: 5,
      'sse_server_connection_closed_total{sse_connection_close_reason="client"}': 1,
      'sse_server_connection_closed_total{sse_connection_close_reason="revoked"}': 1,
      'sse_server_connection_refused_total{sse_connection_refusal_reason="connections"}': 1,
      'sse_server_connection_refused_total{sse_connection_refusal_reason="perPrincipal"}': 1,
      sse_server_event_published_total: 10,
      'sse_server_event_rejected_total{sse_event_rejection_reason="eventBytes"}': 1,
      sse_server_event_delivered_total: 10 + 10 + 3 + 4,
      sse_server_event_replayed_total: 3 + 4,
      'sse_server_io_total{network_io_direction="transmit"}': streams.reduce((sum, { body }) => sum + body.length, 0),
      'sse_server_gaps_total{sse_gap_reason="trimmed"}': 1,
      'sse_server_gaps_total{sse_gap_reason="epoch"}': 1,
      'sse_server_resumes_total{sse_resume_result="complete"}': 1,
      'sse_server_resumes_total{sse_resume_result="trimmed"}': 1,
      'sse_server_resumes_total{sse_resume_result="epoch"}': 1,
      'sse_server_log_status{sse_log_state="idle"}': 0,
      'sse_server_log_status{sse_log_state="ready"}': 1,
      sse_server_ring_event_count: 4,
      sse_server_ring_usage: ids.slice(6).reduce((sum, id) => sum + `data: event 9\nid: ${id}\n\n`.length, 0),
      sse_server_publish_to_write_duration_count: 10,
    })
  })

  it('shows clients that do not read, and when they are cut', async () => {
    const { meterProvider, scrape } = await startScraping()
    const { hub, port } = await served({ ring: { maxEvents: 100 } })
    instrumentHub(hub, { meterProvider })
    const [reads, stalls] = [RawClient.connect(port).request('GET /'), RawClient.connect(port).request('GET /')]
    for (const client of [reads, stalls]) await client.untilBody('id: ')
    stalls.pause()
    const waiting = (): number => Math.max(...Array.from(hub.connections, ({ bufferedBytes }) => bufferedBytes))
    while (hub.stats().lagging === 0) {
      await hub.publish('a', { data: 'x'.repeat(100_000) })
      await untilSettled(waiting)
    }
    expect(await scrape()).toMatchObject({
      'sse_server_connection_count{sse_connection_state="live"}': 1,
      'sse_server_connection_count{sse_connection_state="lagging"}': 1,
    })
    for (let i = 0; hub.size === 2; i++) await hub.publish('a', { data: String(i) })
    expect(await scrape()).toMatchObject({
      'sse_server_connection_count{sse_connection_state="live"}': 1,
      'sse_server_connection_count{sse_connection_state="lagging"}': 0,
      'sse_server_connection_closed_total{sse_connection_close_reason="slow"}': 1,
    })
  })

  it('[L4] shows a log that is away, what waits for it, and for how long', async () => {
    stopClock()
    const { meterProvider, scrape } = await startScraping()
    const log = new StageLog()
    const hub = createHub({ log, onError: () => {} })
    instrumentHub(hub, { meterProvider })
    await hub.ready
    const healthy = await scrape()
    log.isAccepting = false
    void hub.publish('a', { data: 'x' })
    vi.advanceTimersByTime(1_500)
    log.depart()
    vi.advanceTimersByTime(1_500)
    expect(changed(healthy, await scrape())).toEqual({
      sse_server_log_lag: 3,
      sse_server_log_pending_events: 1,
      'sse_server_log_status{sse_log_state="away"}': 1,
      'sse_server_log_status{sse_log_state="ready"}': 0,
    })
    log.rejectAll(new Error('too late'))
    await turns()
    expect(changed(healthy, await scrape())).toEqual({
      sse_server_log_lag: 1.5,
      'sse_server_event_rejected_total{sse_event_rejection_reason="log"}': 1,
      'sse_server_log_status{sse_log_state="away"}': 1,
      'sse_server_log_status{sse_log_state="ready"}': 0,
    })
    log.arrive()
    expect(changed(healthy, await scrape())).toEqual({
      'sse_server_event_rejected_total{sse_event_rejection_reason="log"}': 1,
    })
  })

  it('times each event of this process from its publishing to its flush, in seconds', async () => {
    stopClock()
    const { meterProvider, scrape } = await startScraping()
    const hub = createHub()
    instrumentHub(hub, { meterProvider, attributes: { hub: 'main' } })
    for (let i = 0; i < 10; i++) {
      void hub.publish('a', { data: i })
      vi.advanceTimersByTime(10)
    }
    await turns()
    const series = await scrape()
    expect(series['sse_server_publish_to_write_duration_sum{hub="main"}']).toBeCloseTo(0.55)
    expect(series).toMatchObject({
      'sse_server_publish_to_write_duration_count{hub="main"}': 10,
      'sse_server_publish_to_write_duration_bucket{hub="main",le="0.005"}': 0,
      'sse_server_publish_to_write_duration_bucket{hub="main",le="0.01"}': 1,
      'sse_server_publish_to_write_duration_bucket{hub="main",le="0.05"}': 5,
      'sse_server_publish_to_write_duration_bucket{hub="main",le="0.1"}': 10,
    })
  })

  it('goes to the provider that is registered, where none is named', async () => {
    const { meterProvider, scrape } = await startScraping()
    metrics.setGlobalMeterProvider(meterProvider)
    // Of any map of events.
    const hub = createHub<{ message: string }>()
    instrumentHub(hub)
    await hub.publish('a', { data: 'x' })
    expect((await scrape()).sse_server_event_published_total).toBe(1)
  })

  it('does nothing at all where there is the API alone', async () => {
    const hub = createHub()
    const time = vi.spyOn(hub, TIME)
    const stats = vi.spyOn(hub, 'stats')
    const stop = instrumentHub(hub)
    await hub.publish('a', { data: 'x' })
    await turns()
    const now = vi.spyOn(performance, 'now')
    await hub.publish('a', { data: 'x' })
    await turns()
    for (const spy of [time, stats, now]) expect(spy).not.toHaveBeenCalled()
    stop()
  })
})

describe('a hub that is instrumented twice', () => {
  it('is as if it were once', async () => {
    const { meterProvider, scrape } = await startScraping()
    const hub = createHub()
    const stop = instrumentHub(hub, { meterProvider, attributes: { a: 1, b: 'x' } })
    expect(instrumentHub(hub, { meterProvider, attributes: { b: 'x', a: 1 } })).toBe(stop)
    await hub.publish('a', { data: 'x' })
    await turns()
    const series = await scrape()
    expect(series['sse_server_event_published_total{a="1",b="x"}']).toBe(1)
    expect(series['sse_server_publish_to_write_duration_count{a="1",b="x"}']).toBe(1)
  })

  it('may not have other attributes then: its numbers would be there twice', async () => {
    const { meterProvider } = await startScraping()
    const hub = createHub()
    instrumentHub(hub, { meterProvider })
    expect(() => instrumentHub(hub, { meterProvider, attributes: { hub: 'main' } })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`attributes`') }),
    )
  })

  it('gives its numbers to each of two providers', async () => {
    const [one, other] = [await startScraping(), await startScraping()]
    const hub = createHub()
    const stop = instrumentHub(hub, one)
    instrumentHub(hub, other)
    const durations = async (): Promise<unknown[]> => {
      await hub.publish('a', { data: 'x' })
      await turns()
      const all = [await one.scrape(), await other.scrape()]
      return all.map((series) => series.sse_server_publish_to_write_duration_count)
    }
    expect(await durations()).toEqual([1, 1])
    stop()
    expect(await durations()).toEqual([1, 2])
  })
})

describe('two hubs', () => {
  it('are told apart by their attributes, and have to be', async () => {
    const { meterProvider, scrape } = await startScraping()
    const [chat, prices] = [createHub(), createHub()]
    instrumentHub(chat, { meterProvider, attributes: { hub: 'chat' } })
    expect(() => instrumentHub(prices, { meterProvider, attributes: { hub: 'chat' } })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`attributes`') }),
    )
    instrumentHub(prices, { meterProvider, attributes: { hub: 'prices' } })
    await chat.publish('a', { data: '1' })
    for (let i = 0; i < 5; i++) await prices.publish('a', { data: '1' })
    await turns()
    expect(await scrape()).toMatchObject({
      'sse_server_event_published_total{hub="chat"}': 1,
      'sse_server_event_published_total{hub="prices"}': 5,
      'sse_server_publish_to_write_duration_count{hub="chat"}': 1,
      'sse_server_publish_to_write_duration_count{hub="prices"}': 5,
    })
  })

  it('may have the same one after the other', async () => {
    const { meterProvider, scrape } = await startScraping()
    for (const events of [3, 1]) {
      const hub = createHub()
      instrumentHub(hub, { meterProvider })
      for (let i = 0; i < events; i++) await hub.publish('a', { data: 'x' })
      expect((await scrape()).sse_server_event_published_total).toBe(events)
      await hub.close()
    }
  })
})

describe('the end', () => {
  it('of a hub shows in a last look at it, and then it is let go of', async () => {
    const { meterProvider, scrape } = await startScraping()
    const hub = createHub()
    const stats = vi.spyOn(hub, 'stats')
    instrumentHub(hub, { meterProvider })
    const client = await StreamClient.open(hub.subscribe('a'))
    await scrape()
    await hub.close()
    await client.toEnd()
    for (let i = 0; i < 2; i++) {
      expect(await scrape()).toMatchObject({
        'sse_server_connection_count{sse_connection_state="live"}': 0,
        'sse_server_connection_closed_total{sse_connection_close_reason="drain"}': 1,
        'sse_server_log_status{sse_log_state="closed"}': 1,
      })
    }
    expect(stats).toHaveBeenCalledTimes(2)
  })

  it('of a hub keeps no other from being looked at', async () => {
    const { meterProvider, scrape } = await startScraping()
    const hubs = ['first', 'second', 'third'].map((name) => {
      const hub = createHub()
      instrumentHub(hub, { meterProvider, attributes: { hub: name } })
      return hub
    })
    await hubs[0]?.close()
    await hubs[1]?.publish('a', { data: 'x' })
    const stats = hubs.map((hub) => vi.spyOn(hub, 'stats'))
    expect(await scrape()).toMatchObject({ 'sse_server_event_published_total{hub="second"}': 1 })
    await scrape()
    expect(stats.map(({ mock }) => mock.calls.length)).toEqual([1, 2, 2])
  })

  it('may be before that of the hub, which may be instrumented anew', async () => {
    const { meterProvider, scrape } = await startScraping()
    const hub = createHub()
    const stop = instrumentHub(hub, { meterProvider })
    const published = async (): Promise<unknown[]> => {
      await hub.publish('a', { data: 'x' })
      await turns()
      const series = await scrape()
      return [series.sse_server_event_published_total, series.sse_server_publish_to_write_duration_count]
    }
    expect(await published()).toEqual([1, 1])
    stop()
    expect(await published()).toEqual([1, 1])
    stop()
    const again = instrumentHub(hub, { meterProvider, attributes: {} })
    expect(again).not.toBe(stop)
    // The one that was taken back does not take this one back.
    stop()
    expect(instrumentHub(hub, { meterProvider })).toBe(again)
    expect(await published()).toEqual([3, 2])
  })

  it('leaves the hub alone: no clock is read any more', async () => {
    const { meterProvider } = await startScraping()
    const hub = createHub()
    instrumentHub(hub, { meterProvider })()
    await hub.publish('a', { data: 'x' })
    await turns()
    const now = vi.spyOn(performance, 'now')
    await hub.publish('a', { data: 'x' })
    await turns()
    expect(now).not.toHaveBeenCalled()
  })
})

describe('a meter that throws', () => {
  const throws = (): never => {
    throw new Error('thrown')
  }
  /** A provider whose meter has some methods of its own. */
  const providerOf = (provider: MeterProvider, own: (meter: Meter) => Partial<Meter>): MeterProvider => {
    const meter = provider.getMeter('test')
    const broken = Object.assign(Object.create(meter), own(meter))
    return { getMeter: () => broken }
  }

  it('when it is asked for instruments, throws at once, and leaves the hub alone', async () => {
    const { meterProvider } = await startScraping()
    const hub = createHub()
    const time = vi.spyOn(hub, TIME)
    for (const method of ['createHistogram', 'createObservableCounter', 'addBatchObservableCallback'] as const) {
      const broken = providerOf(meterProvider, () => ({ [method]: throws }))
      for (let i = 0; i < 2; i++) expect(() => instrumentHub(hub, { meterProvider: broken })).toThrow('thrown')
    }
    expect(time).not.toHaveBeenCalled()
  })

  it('when it is to record, is reported once and left alone; clients, publishers and others see nothing of it', async () => {
    const { meterProvider, scrape } = await startScraping()
    const errors: unknown[] = []
    const hub = createHub({ onError: (error, context) => errors.push([error, context]) })
    const record = vi.fn(throws)
    const broken = providerOf(meterProvider, () => ({ createHistogram: () => ({ record }) }))
    instrumentHub(hub, { meterProvider: broken, attributes: { provider: 'broken' } })
    instrumentHub(hub, { meterProvider, attributes: { provider: 'sound' } })
    const client = await StreamClient.open(hub.subscribe('a'))
    for (let i = 0; i < 3; i++) await hub.publish('a', { data: String(i) })
    expect((await client.settle()).data).toEqual(['0', '1', '2'])
    expect(errors).toEqual([[new Error('thrown'), { stage: 'metrics' }]])
    expect(record).toHaveBeenCalledTimes(1)
    const series = await scrape()
    expect(series['sse_server_publish_to_write_duration_count{provider="sound"}']).toBe(3)
    expect(series['sse_server_event_published_total{provider="broken"}']).toBe(3)
  })
})

/** A server whose streams are of the topic `a`; the query may name a principal. */
async function served(options: HubOptions): Promise<{ hub: Hub; port: number }> {
  const hub = createHub({ retry: 1_000, ...options })
  const { port } = await serveHttp((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    void eventStream(request, response, hub.subscribe('a'), { principal: searchParams.get('principal') ?? undefined })
  })
  onTestFinished(() => hub.close())
  return { hub, port }
}

/** The series that are others than before, without how long things took. */
function changed(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(after).filter(([name, value]) => (before[name] ?? 0) !== value)
  return Object.fromEntries(entries.filter(([name]) => !/duration_(sum|bucket)/.test(name)))
}
