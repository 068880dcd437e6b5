import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { until } from '../../test/until.ts'
import { type Beating, Heartbeat } from './heartbeat.ts'

const SECOND = 1_000

describe('Heartbeat', () => {
  it('[S7] [H12] is one timer, however many there are, and none when they have left', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    expect(vi.getTimerCount()).toBe(0)
    const members = Array.from({ length: 1_000 }, () => new Member(heartbeat))
    for (const member of members) heartbeat.add(member)
    expect(vi.getTimerCount()).toBe(1)
    for (const member of members) heartbeat.delete(member)
    expect(vi.getTimerCount()).toBe(0)
    for (const member of members) heartbeat.delete(member)
    heartbeat.add(new Member(heartbeat))
    expect(vi.getTimerCount()).toBe(1)
  })

  it('[F3] goes on with the next that comes, where the platform has ended its timer', () => {
    stopClock()
    const timers = vi.spyOn(globalThis, 'setInterval')
    onTestFinished(() => timers.mockRestore())
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const members = [new Member(heartbeat), new Member(heartbeat)]
    for (const member of members) heartbeat.add(member)
    vi.advanceTimersByTime(3 * SECOND)
    clearInterval(timers.mock.results[0]?.value)
    vi.advanceTimersByTime(3 * SECOND)
    heartbeat.add(new Member(heartbeat))
    vi.advanceTimersByTime(2 * SECOND)
    expect(members[0]?.ticks).toHaveLength(3)
    heartbeat.add(new Member(heartbeat))
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(2 * SECOND)
    for (const member of members) expect(member.ticks).toHaveLength(5)
  })

  it('keeps no process alive', () => {
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const before = process.getActiveResourcesInfo()
    const member = new Member(heartbeat)
    heartbeat.add(member)
    expect(process.getActiveResourcesInfo()).toEqual(before)
    heartbeat.delete(member)
  })

  it.each([
    { interval: 15_000, stallTimeout: 30_000, period: 1_000 },
    { interval: 1_000, stallTimeout: 30_000, period: 250 },
    { interval: 15_000, stallTimeout: 400, period: 100 },
    { interval: false as const, stallTimeout: 30_000, period: 1_000 },
    { interval: 1, stallTimeout: 1, period: 1 },
  ])('ticks every $period ms for an interval of $interval and a timeout of $stallTimeout', (options) => {
    stopClock()
    const onTick = vi.fn<(now: number) => void>()
    const heartbeat = new Heartbeat(options, onTick)
    const member = new Member(heartbeat)
    heartbeat.add(member)
    vi.advanceTimersByTime(options.period - 1)
    expect(member.ticks).toHaveLength(0)
    vi.advanceTimersByTime(1)
    expect(member.ticks).toHaveLength(1)
    vi.advanceTimersByTime(4 * options.period)
    expect(member.ticks).toHaveLength(5)
    expect(onTick.mock.calls.map(([now]) => now)).toEqual(member.ticks)
  })

  it('[P5] serves whoever was quiet for an interval, at the tick after', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const member = new Member(heartbeat)
    heartbeat.add(member)
    member.writtenAt = heartbeat.now
    vi.advanceTimersByTime(14 * SECOND)
    expect(member.beats).toBe(0)
    vi.advanceTimersByTime(SECOND)
    expect(member.beats).toBe(1)
    vi.advanceTimersByTime(45 * SECOND)
    expect(member.beats).toBe(4)
  })

  it('skips those that were written to meanwhile', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const [busy, quiet] = [new Member(heartbeat), new Member(heartbeat)]
    for (const member of [busy, quiet]) heartbeat.add(member)
    for (let second = 0; second < 60; second++) {
      busy.writtenAt = heartbeat.now
      vi.advanceTimersByTime(SECOND)
    }
    expect(quiet.beats).toBe(4)
    expect(busy.beats).toBe(0)
  })

  it('never counts a write later than it was, so that nobody is quiet for longer than an interval and a tick', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    heartbeat.add(new Member(heartbeat))
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(333)
      expect(heartbeat.now).toBeLessThanOrEqual(performance.now())
      expect(heartbeat.now).toBeGreaterThan(performance.now() - SECOND - 1)
    }
  })

  it('spreads those who came at different times over the interval', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 10 * SECOND, stallTimeout: 30 * SECOND })
    const members = Array.from({ length: 50 }, () => new Member(heartbeat))
    for (const [i, member] of members.entries()) {
      heartbeat.add(member)
      member.writtenAt = heartbeat.now
      if (i % 5 === 4) vi.advanceTimersByTime(SECOND)
    }
    const perSecond = Array.from({ length: 20 }, () => {
      const before = sum(members)
      vi.advanceTimersByTime(SECOND)
      return sum(members) - before
    })
    expect(perSecond).toEqual(Array(20).fill(5))
  })

  it('beats never where the interval is false', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: false, stallTimeout: 30 * SECOND })
    const member = new Member(heartbeat)
    heartbeat.add(member)
    vi.advanceTimersByTime(24 * 3600 * SECOND)
    expect(member.beats).toBe(0)
    expect(member.ticks).toHaveLength(24 * 3600)
  })

  it('[S7] serves 5,000 in pieces, with turns of the event loop between', async () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const members = Array.from({ length: 5_000 }, () => new Member(heartbeat))
    for (const member of members) heartbeat.add(member)
    let beaten = 0
    let most = 0
    vi.advanceTimersByTime(15 * SECOND)
    await until(() => {
      const now = sum(members)
      most = Math.max(most, now - beaten)
      beaten = now
      return now === 5_000
    })
    expect(most).toBeLessThanOrEqual(500)
    expect(most).toBeGreaterThan(0)
    await nextTurn()
    expect(sum(members)).toBe(5_000)
  })

  it('[S7] looks at 5,000 in pieces, too, whether or not they are due', async () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const members = Array.from({ length: 5_000 }, () => new Member(heartbeat))
    for (const member of members) heartbeat.add(member)
    const ticked = () => members.filter(({ ticks }) => ticks.length > 0).length
    vi.advanceTimersByTime(SECOND)
    expect(ticked()).toBeLessThanOrEqual(500)
    await until(() => ticked() === 5_000)
    await nextTurn()
    expect(members.every(({ ticks }) => ticks.length === 1)).toBe(true)
  })

  it('leaves out who left, or was written to, while the others were served', async () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const members = Array.from({ length: 1_000 }, () => new Member(heartbeat))
    for (const member of members) heartbeat.add(member)
    vi.advanceTimersByTime(15 * SECOND)
    const [gone, busy, last] = [members[997], members[998], members[999]] as [Member, Member, Member]
    heartbeat.delete(gone)
    busy.writtenAt = heartbeat.now
    await until(() => last.beats === 1)
    expect([gone.beats, busy.beats]).toEqual([0, 0])
    expect(sum(members)).toBe(998)
  })

  it('goes on when one of them leaves at its tick, or takes others along', () => {
    stopClock()
    const heartbeat = new Heartbeat({ interval: 15 * SECOND, stallTimeout: 30 * SECOND })
    const members = Array.from({ length: 10 }, () => new Member(heartbeat))
    for (const member of members) heartbeat.add(member)
    const [first, second] = members as [Member, Member]
    first.onTick = () => {
      heartbeat.delete(first)
      heartbeat.delete(second)
    }
    vi.advanceTimersByTime(SECOND)
    expect(members.map(({ ticks }) => ticks.length)).toEqual([1, 0, ...Array(8).fill(1)])
  })
})

/** As a connection: what it writes, it writes at the heartbeat's time. */
class Member implements Beating {
  writtenAt = 0
  beats = 0
  readonly ticks: number[] = []
  onTick: () => void = () => {}
  readonly #heartbeat: Heartbeat

  constructor(heartbeat: Heartbeat) {
    this.#heartbeat = heartbeat
  }

  tick(now: number): void {
    this.ticks.push(now)
    this.onTick()
  }

  beat(): void {
    this.beats++
    this.writtenAt = this.#heartbeat.now
  }
}

function sum(members: readonly Member[]): number {
  return members.reduce((total, { beats }) => total + beats, 0)
}
