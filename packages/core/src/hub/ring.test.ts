import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Frame } from './frame.ts'
import type { LogRecord } from './log.ts'
import { memoryLog } from './memory-log.ts'
import { Ring, type RingBounds } from './ring.ts'
import { Selection } from './selection.ts'

const FLOOR = 10
const UNBOUNDED = { maxEvents: 1e9, maxBytes: 1e9, maxAge: Number.POSITIVE_INFINITY }
const TOPICS = ['a', 'b', 'a/b', 'a/c', 'a/b/c']
const SELECTIONS = ['a', 'never', ['a', 'b'], ['a/b', 'never'], '*', 'a/*', '**', ['a', 'a/**']].map(
  (topics) => new Selection(topics),
)

/** An event as the model remembers it. */
interface Known {
  readonly seq: number
  readonly position: number
  readonly topic: string
  readonly at: number
  readonly bytes: number
  readonly data: string
  readonly name: string | undefined
}

const append = fc.record({
  topic: fc.constantFrom(...TOPICS),
  event: fc.constantFrom('message', 'price'),
  key: fc.constantFrom(undefined, '', 'k'),
  length: fc.nat(300),
  skipped: fc.nat(2),
  later: fc.nat(30),
})
const evict = fc.record({ evictUpTo: fc.double({ min: 0, max: 1, noNaN: true }), later: fc.nat(100) })
const pass = fc.record({ pass: fc.integer({ min: 1, max: 3 }) })
const restart = fc.record({ restartAfter: fc.integer({ min: 1, max: 9 }) })
const step = fc.oneof({ arbitrary: append, weight: 12 }, { arbitrary: evict, weight: 3 }, pass, restart)
const bounds = fc.record({
  maxEvents: fc.constantFrom(1, 3, 8, 1_000),
  maxBytes: fc.constantFrom(1_024, 3_000, 1e9),
  maxAge: fc.constantFrom(50, 500, Number.POSITIVE_INFINITY),
})

/** What a ring has to be, the slow way. */
class Model {
  events: Known[] = []
  evicted: Known[] = []
  seq = 0
  floor = FLOOR
  head = FLOOR
  start = FLOOR
  readonly bounds: RingBounds

  constructor(bounds: RingBounds) {
    this.bounds = bounds
  }

  evict(upTo: number, now: number): void {
    const { maxEvents, maxBytes, maxAge } = this.bounds
    for (;;) {
      const [oldest] = this.events
      if (oldest === undefined || oldest.seq > upTo) return
      const isWithin = this.events.length <= maxEvents && this.bytes <= maxBytes && now - oldest.at <= maxAge
      if (isWithin) return
      this.events.shift()
      this.evicted.push(oldest)
      this.start = oldest.position
    }
  }

  restart(floor: number): void {
    this.floor = this.head = this.start = floor
    this.events = []
    this.evicted = []
  }

  get bytes(): number {
    return this.events.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  isComplete(selection: Selection, position: number): boolean {
    return (
      position >= this.floor && !this.evicted.some((one) => one.position > position && selection.matches(one.topic))
    )
  }

  newerOf(known: Known): Known | undefined {
    if (known.name === undefined) return undefined
    return this.events.find(({ seq, name }) => seq > known.seq && name === known.name)
  }
}

describe('Ring', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is what an array would be, whatever is appended, evicted and asked', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), bounds, (steps, bounds) => {
        const { ring, append } = ringWith(bounds)
        const model = new Model(bounds)
        let now = 0
        let epoch = 'e1'
        for (const one of steps) {
          if ('topic' in one) {
            now += one.later
            model.head += one.skipped + 1
            const data = `${model.head},${'x'.repeat(one.length)}`
            const { length: bytes } = append(model.head, { ...one, data, now })
            const { topic, event, key } = one
            const name = key === undefined ? undefined : JSON.stringify([topic, event, key])
            model.events.push({ seq: ++model.seq, position: model.head, topic, at: now, bytes, data, name })
          } else if ('pass' in one) {
            model.head += one.pass
            ring.pass(String(model.head))
          } else if ('restartAfter' in one) {
            epoch += 'x'
            model.restart(model.head + one.restartAfter)
            ring.restart(epoch, String(model.floor))
          } else {
            now += one.later
            const upTo = model.seq - Math.floor(one.evictUpTo * model.events.length)
            model.evict(upTo, now)
            ring.evict(upTo, now)
          }
          expectAlike(ring, model, epoch)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('evicts nothing that is newer than it may', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 2 })
    for (let i = 1; i <= 10; i++) append(FLOOR + i)
    ring.evict(3, 0)
    expect(ring.events).toBe(7)
    ring.evict(10, 0)
    expect(ring.events).toBe(2)
  })

  it('holds what its bounds allow exactly, and no event, byte or millisecond more', () => {
    const events = ringWith({ ...UNBOUNDED, maxEvents: 3 })
    for (let i = 1; i <= 4; i++) events.append(FLOOR + i)
    events.ring.evict(4, 0)
    expect([events.ring.events, events.ring.startSeq]).toEqual([3, 1])

    const bytes = ringWith({ ...UNBOUNDED, maxBytes: 2 * ringWith(UNBOUNDED).append(FLOOR + 1).length })
    for (let i = 1; i <= 3; i++) bytes.append(FLOOR + i)
    bytes.ring.evict(3, 0)
    expect([bytes.ring.events, bytes.ring.bytes]).toEqual([2, bytes.ring.bounds.maxBytes])

    const age = ringWith({ ...UNBOUNDED, maxAge: 100 })
    for (let i = 1; i <= 3; i++) age.append(FLOOR + i, { now: i })
    age.ring.evict(3, 102)
    expect(age.ring.events).toBe(2)
    age.ring.evict(3, 103)
    expect(age.ring.events).toBe(1)
  })

  it('knows of 10,000 topics which of their events was evicted last; the rest share one', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 1 })
    for (let i = 1; i <= 10_004; i++) append(FLOOR + i, { topic: `t${i}` })
    append(FLOOR + 10_005, { topic: 'last' })
    ring.evict(10_005, 0)
    const isComplete = (topics: string | string[], after: number): boolean =>
      ring.isComplete(new Selection(topics), ring.markOf(String(FLOOR + after)))
    // The first four are no longer told apart, also from topics that never had an event.
    for (const topic of ['t1', 't4', 'never', '**']) expect([topic, isComplete(topic, 3)]).toEqual([topic, false])
    for (const topic of ['t1', 't4', 'never']) expect([topic, isComplete(topic, 4)]).toEqual([topic, true])
    // The others are: each by itself.
    for (const n of [5, 6, 5_000, 10_004]) {
      expect([n, isComplete(`t${n}`, n - 1), isComplete(`t${n}`, n)]).toEqual([n, false, true])
    }
    expect(isComplete('t5', 4)).toBe(false)
    expect(isComplete(['t9', 't5'], 8)).toBe(false)
    expect(isComplete(['t9', 't5'], 9)).toBe(true)
    expect(isComplete('**', 10_003)).toBe(false)
    expect(isComplete('**', 10_004)).toBe(true)
  })

  it('looks at no topic for a place that is newer or older than all it knows', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 10 })
    for (let i = 1; i <= 11_000; i++) append(FLOOR + i, { topic: `t${i}` })
    ring.evict(11_000, 0)
    const selection = new CountingSelection('x/*')
    expect(ring.isComplete(selection, ring.markOf('0'))).toBe(false)
    expect(ring.isComplete(selection, ring.start)).toBe(true)
    expect(ring.isComplete(selection, ring.head)).toBe(true)
    expect(selection.asked).toBe(0)
  })

  it('forgets the topic first whose last eviction was longest ago', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 1 })
    append(FLOOR + 1, { topic: 'busy' })
    for (let i = 2; i <= 9_999; i++) append(FLOOR + i, { topic: `t${i}` })
    append(FLOOR + 10_000, { topic: 'busy' })
    for (let i = 10_001; i <= 10_010; i++) append(FLOOR + i, { topic: `t${i}` })
    ring.evict(10_010, 0)
    const busy = new Selection('busy')
    expect(ring.isComplete(busy, ring.markOf(String(FLOOR + 10_000)))).toBe(true)
    expect(ring.isComplete(busy, ring.markOf(String(FLOOR + 9_999)))).toBe(false)
    expect(ring.isComplete(new Selection('t500'), ring.markOf(String(FLOOR + 499)))).toBe(false)
  })

  it('answers anew for a selection after each eviction', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 1 })
    const selection = new Selection('a')
    const mark = ring.head
    append(FLOOR + 1)
    expect(ring.isComplete(selection, mark)).toBe(true)
    append(FLOOR + 2)
    ring.evict(2, 0)
    expect(ring.isComplete(selection, mark)).toBe(false)
    ring.restart('e1', String(FLOOR))
    expect(ring.isComplete(selection, ring.markOf(String(FLOOR)))).toBe(true)
  })

  it('links an event to the next of its topic, event and key, and to no other', () => {
    const { append } = ringWith(UNBOUNDED)
    const first = append(FLOOR + 1, { topic: 'a', event: 'price', key: 'k' })
    append(FLOOR + 2, { topic: 'b', event: 'price', key: 'k' })
    append(FLOOR + 3, { topic: 'a', event: 'message', key: 'k' })
    append(FLOOR + 4, { topic: 'a', event: 'price', key: 'l' })
    append(FLOOR + 5, { topic: 'a', event: 'price' })
    append(FLOOR + 6, { topic: 'a', event: 'price' })
    expect(first.newer).toBeUndefined()
    const next = append(FLOOR + 7, { topic: 'a', event: 'price', key: 'k' })
    expect(first.newer).toBe(next)
  })

  it('links them also when the one before has been evicted', () => {
    const { ring, append } = ringWith({ ...UNBOUNDED, maxEvents: 2 })
    append(FLOOR + 1, { key: 'k' })
    const second = append(FLOOR + 2, { key: 'k' })
    append(FLOOR + 3)
    ring.evict(3, 0)
    const third = append(FLOOR + 4, { key: 'k' })
    expect(second.newer).toBe(third)
  })

  it('stops visiting where it is told', () => {
    const { ring, append } = ringWith(UNBOUNDED)
    for (let i = 1; i <= 9; i++) append(FLOOR + i, { topic: i % 2 === 0 ? 'a' : 'b' })
    const firstTwo = (visit: (each: (frame: Frame) => boolean) => void): number[] => {
      const seen: number[] = []
      visit(({ seq }) => seen.push(seq) < 2)
      return seen
    }
    expect(firstTwo((each) => ring.visit(new Selection('a'), 2, 9, each))).toEqual([4, 6])
    expect(firstTwo((each) => ring.visit(new Selection(['a', 'b']), 2, 9, each))).toEqual([3, 4])
    expect(firstTwo((each) => ring.visit(new Selection('*'), 2, 9, each))).toEqual([3, 4])
    expect(firstTwo((each) => ring.visitBack(new Selection('a'), 7, each))).toEqual([6, 4])
  })

  it('[S6] finds what a client of one topic missed without looking at the others', () => {
    const { ring, append } = ringWith(UNBOUNDED)
    for (let i = 1; i <= 5_000; i++) append(FLOOR + i, { topic: `t${i % 100}` })
    for (const topics of ['t7', ['t7', 'never']]) {
      const selection = new CountingSelection(topics)
      let found = 0
      ring.visit(selection, 0, 5_000, () => ++found > 0)
      expect([found, selection.asked]).toEqual([50, 0])
    }
  })

  it('[S4] uses the memory of what it has evicted again', () => {
    let slabs = 0
    const counting = new Proxy(Uint8Array, {
      construct(target, args, newTarget) {
        if (args[0] === 256 * 1024) slabs++
        return Reflect.construct(target, args, newTarget)
      },
    })
    vi.stubGlobal('Uint8Array', counting)
    const { ring, append } = ringWith({ ...UNBOUNDED, maxBytes: 1024 * 1024 })
    for (let i = 1; i <= 20_000; i++) {
      append(FLOOR + i, { data: 'x'.repeat(1_000) })
      ring.evict(i, 0)
    }
    expect(slabs).toBeLessThanOrEqual(8)
  })
})

/** Counts how many topics it was asked about. */
class CountingSelection extends Selection {
  asked = 0

  override matches(topic: string): boolean {
    this.asked++
    return super.matches(topic)
  }
}

interface Appended {
  readonly topic?: string
  readonly event?: string
  readonly key?: string | undefined
  readonly data?: string
  readonly now?: number
}

function ringWith(bounds: RingBounds): {
  ring: Ring
  append: (position: number, more?: Appended) => Frame
} {
  const ring = new Ring(memoryLog(), bounds)
  ring.restart('e1', String(FLOOR))
  const append = (
    position: number,
    { topic = 'a', event = 'message', key, data = 'x', now = 0 }: Appended = {},
  ): Frame => {
    const record: LogRecord = {
      position: String(position),
      topic,
      event,
      data,
      raw: true,
      ...(key !== undefined && { key }),
    }
    return ring.append(record, now)
  }
  return { ring, append }
}

function expectAlike(ring: Ring, model: Model, epoch: string): void {
  const { events } = model
  const startSeq = model.seq - events.length
  expect(ring).toMatchObject({ epoch, headSeq: model.seq, startSeq, events: events.length, bytes: model.bytes })
  expect(ring.head).toEqual({ seq: model.seq, position: String(model.head) })
  expect(ring.start).toEqual({ seq: startSeq, position: String(model.start) })
  expect(ring.frame(startSeq)).toBeUndefined()
  expect(ring.frame(model.seq + 1)).toBeUndefined()
  for (const known of events) {
    const frame = ring.frame(known.seq)
    expect(frame?.data).toBe(known.data)
    expect(frame?.newer?.seq).toBe(model.newerOf(known)?.seq)
  }
  for (const selection of SELECTIONS) {
    const after = startSeq + Math.floor(events.length / 3) - 1
    const upTo = model.seq - 1
    const wanted = events.filter(({ seq, topic }) => seq > after && seq <= upTo && selection.matches(topic))
    const seen: number[] = []
    ring.visit(selection, after, upTo, ({ seq }) => seen.push(seq) > 0)
    expect(seen).toEqual(wanted.map(({ seq }) => seq))
    const back: number[] = []
    ring.visitBack(selection, upTo, ({ seq }) => back.push(seq) > 0)
    expect(back).toEqual(
      events
        .filter(({ seq, topic }) => seq <= upTo && selection.matches(topic))
        .map(({ seq }) => seq)
        .toReversed(),
    )
    for (let position = Math.max(0, model.start - 4); position <= model.head; position++) {
      const mark = ring.markOf(String(position))
      expect(mark).toEqual({
        seq: startSeq + events.filter((one) => one.position <= position).length,
        position: String(position),
      })
      expect([position, ring.isComplete(selection, mark)]).toEqual([position, model.isComplete(selection, position)])
    }
  }
  for (const known of events) {
    const before = ring.markBefore(ring.frame(known.seq) as Frame)
    const previous = events.find(({ seq }) => seq === known.seq - 1)
    expect(before).toEqual({ seq: known.seq - 1, position: String(previous?.position ?? model.start) })
  }
}
