import { beforeEach, describe, expect, it, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { createHub, type Hub } from './hub.ts'
import type { HubOptions } from './options.ts'
import { TIME } from './timing.ts'

describe('TIME', () => {
  beforeEach(stopClock)

  const timed = (options?: HubOptions): { hub: Hub; took: number[]; stop: () => void } => {
    const hub = createHub(options)
    const took: number[] = []
    return { hub, took, stop: hub[TIME]((each) => took.push(each)) }
  }

  it('tells of each event of a turn how long it waited for the flush that wrote it', async () => {
    const { hub, took } = timed()
    for (let i = 0; i < 10; i++) {
      void hub.publish('a', { data: i })
      vi.advanceTimersByTime(1)
    }
    await turns()
    expect(took).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
  })

  it('counts what clients are written, not each of them', async () => {
    const { hub, took } = timed()
    for (let i = 0; i < 3; i++) await (await StreamClient.open(hub.subscribe('a'))).settle()
    await hub.publish('a', { data: 'x' })
    await turns()
    expect([took, hub.stats().delivered]).toEqual([[0], 3])
  })

  it('knows of events that were flushed before `publish` returned', async () => {
    const { hub, took } = timed({ ring: { maxEvents: 8 } })
    for (let i = 0; i < 20; i++) void hub.publish('a', { data: i })
    vi.advanceTimersByTime(1_000)
    await turns()
    expect(took).toEqual(Array(20).fill(0))
  })

  it('goes through a log that answers later, whether it hands the event back before or after', async () => {
    const log = new StageLog()
    const { hub, took } = timed({ log })
    await hub.ready
    log.isAccepting = false
    void hub.publish('a', { data: '1' })
    vi.advanceTimersByTime(100)
    void hub.publish('a', { data: '2' })
    vi.advanceTimersByTime(20)
    log.acceptAll()
    await turns()
    expect(took).toEqual([120, 20])
  })

  it('tells nothing of events that were refused, or that others publish', async () => {
    const log = new StageLog()
    const { hub, took } = timed({ log, onError: () => {} })
    await hub.ready
    log.putAll('a', '1', '2')
    log.isAccepting = false
    void hub.publish('a', { data: '3' })
    log.rejectAll(new Error('no'))
    log.isAccepting = true
    expect(() => hub.publish('a', { event: 'two\nlines', data: '' })).toThrow()
    await turns()
    log.putAll('a', '4')
    await turns()
    expect([took, hub.stats().published]).toEqual([[], 3])
  })

  it('tells nothing of what a log loses with its history', async () => {
    const log = new StageLog()
    const { hub, took } = timed({ log, onError: () => {} })
    await hub.ready
    log.depart()
    await hub.publish('a', { data: 'lost' })
    log.lose('e2')
    log.arrive()
    await turns()
    await hub.publish('a', { data: 'x' })
    await turns()
    expect(took).toEqual([0])
  })

  it('tells everyone who asks, until they do not any more', async () => {
    const { hub, took, stop } = timed()
    const other: number[] = []
    const stopOther = hub[TIME]((each) => other.push(each))
    await hub.publish('a', { data: '1' })
    await turns()
    stop()
    stop()
    await hub.publish('a', { data: '2' })
    await turns()
    stopOther()
    await hub.publish('a', { data: '3' })
    await turns()
    expect([took, other]).toEqual([[0], [0, 0]])
  })

  it('reads no clock while nobody asks', async () => {
    const { hub, stop } = timed()
    await hub.publish('a', { data: '1' })
    await turns()
    const now = vi.spyOn(performance, 'now')
    await hub.publish('a', { data: '2' })
    await turns()
    expect(now).toHaveBeenCalled()
    stop()
    now.mockClear()
    for (let i = 0; i < 100; i++) void hub.publish('a', { data: i })
    await turns()
    expect(now).not.toHaveBeenCalled()
    now.mockRestore()
  })

  it('goes on while the hub drains', async () => {
    const { hub, took } = timed()
    await (await StreamClient.open(hub.subscribe('a'))).settle()
    const closing = hub.close({ drain: 1_000 })
    await hub.publish('a', { data: 'the last' })
    await turns()
    expect(took).toEqual([0])
    vi.advanceTimersByTime(2_000)
    await closing
    expect(took).toEqual([0])
  })
})
