import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Chunk } from './chunk.ts'
import { Outbox, type OutboxTarget } from './outbox.ts'

const KIB = 1024

describe('Outbox', () => {
  it('writes the events of a turn as one chunk, in order', async () => {
    const { target, outbox } = setUp()
    for (const frame of ['a', 'b', 'c']) outbox.push(frame)
    expect(target.texts).toEqual([])
    expect(outbox.bufferedBytes).toBe(3)
    await nextTurn()
    expect(target.texts).toEqual(['abc'])
    expect(target.events).toBe(3)
    expect(outbox.bufferedBytes).toBe(0)
    outbox.push('d')
    await nextTurn()
    expect(target.texts).toEqual(['abc', 'd'])
  })

  it('does not wait for the end of the turn with 16 KiB', () => {
    const { target, outbox } = setUp()
    outbox.push('x'.repeat(16 * KIB - 1))
    expect(target.texts).toHaveLength(0)
    outbox.push('y')
    expect(target.texts).toHaveLength(1)
  })

  it('asks for a pause after 256 KiB in one turn, also where the sink has room', async () => {
    const { target, outbox } = setUp()
    const frame = 'x'.repeat(KIB)
    let pushed = 1
    while (outbox.push(frame)) pushed++
    expect(pushed).toBe(256)
    const room = outbox.room()
    await expectPending(room)
    await room
    expect(outbox.push(frame)).toBe(true)
    await nextTurn()
    expect(target.texts.join('')).toHaveLength(257 * KIB)
  })

  it('keeps what the sink has no room for, and writes it, in order, when there is', async () => {
    const { target, outbox } = setUp()
    target.isWritable = false
    expect(outbox.push('a')).toBe(false)
    await nextTurn()
    outbox.push('b')
    await nextTurn()
    expect(target.texts).toEqual([])
    expect(outbox.bufferedBytes).toBe(2)
    const room = outbox.room()
    await expectPending(room)
    target.isWritable = true
    outbox.drain()
    await room
    expect(target.texts).toEqual(['a', 'b'])
  })

  it('stops where the sink is full again', async () => {
    const { target, outbox } = setUp()
    target.isWritable = false
    for (const frame of ['a', 'b', 'c']) {
      outbox.push(frame)
      await nextTurn()
    }
    target.takes = 2
    target.isWritable = true
    outbox.drain()
    expect(target.texts).toEqual(['a', 'b'])
    await expectPending(outbox.room())
    outbox.push('d')
    await nextTurn()
    expect(target.texts).toEqual(['a', 'b'])
    target.isWritable = true
    outbox.drain()
    expect(target.texts).toEqual(['a', 'b', 'c', 'd'])
  })

  it('tells each whether the sink has taken it, once', async () => {
    const { target, outbox } = setUp()
    const told: [string, boolean][] = []
    const push = (frame: string): void => void outbox.push(frame, (taken) => told.push([frame, taken]))
    push('a')
    push('b')
    expect(told).toEqual([])
    await nextTurn()
    expect(told).toEqual([
      ['a', true],
      ['b', true],
    ])
    target.isWritable = false
    push('c')
    await nextTurn()
    push('d')
    outbox.close()
    expect(told.slice(2)).toEqual([
      ['c', false],
      ['d', false],
    ])
    await nextTurn()
    outbox.drain()
    expect(told).toHaveLength(4)
    expect(target.texts).toEqual(['ab'])
  })

  it('[H4] lets go whoever waits for room when it is closed', async () => {
    const { target, outbox } = setUp()
    target.isWritable = false
    outbox.push('a')
    const room = outbox.room()
    outbox.close()
    await room
    expect(outbox.bufferedBytes).toBe(0)
  })

  it('hands everything over at the end, room or not', async () => {
    const { target, outbox } = setUp()
    target.isWritable = false
    const told: boolean[] = []
    outbox.push('a', (taken) => told.push(taken))
    await nextTurn()
    outbox.push('b', (taken) => told.push(taken))
    outbox.finish()
    expect(target.texts).toEqual(['a', 'b'])
    expect(told).toEqual([true, true])
    await nextTurn()
    expect(target.texts).toEqual(['a', 'b'])
  })

  it('[H6] overflows when more waits than may', async () => {
    const { target, outbox } = setUp(10)
    target.isWritable = false
    outbox.push('12345')
    await nextTurn()
    outbox.push('67890')
    await nextTurn()
    expect(target.overflows).toBe(0)
    outbox.push('x')
    await nextTurn()
    expect(target.overflows).toBe(1)
  })

  it('[H6] overflows in mid-turn when 16 KiB too many wait', () => {
    const { target, outbox } = setUp(64 * KIB)
    target.isWritable = false
    for (let i = 0; i < 64; i++) outbox.push('x'.repeat(KIB))
    expect(target.overflows).toBe(0)
    for (let i = 0; i < 16; i++) outbox.push('x'.repeat(KIB))
    expect(target.overflows).toBeGreaterThan(0)
    expect(outbox.bufferedBytes).toBeLessThanOrEqual(80 * KIB)
  })

  it('takes a single event that is larger than what may wait', async () => {
    const { target, outbox } = setUp(10)
    target.isWritable = false
    outbox.push('x'.repeat(KIB))
    await nextTurn()
    expect(target.overflows).toBe(0)
    target.isWritable = true
    outbox.drain()
    expect(target.texts).toEqual(['x'.repeat(KIB)])
  })

  it('writes nothing twice when a write ends the stream', async () => {
    const { target, outbox } = setUp()
    target.isWritable = false
    const told: [string, boolean][] = []
    for (const frame of ['a', 'b', 'c']) {
      outbox.push(frame, (taken) => told.push([frame, taken]))
      await nextTurn()
    }
    target.onWrite = (text) => {
      if (text === 'b') outbox.finish()
    }
    target.isWritable = true
    outbox.drain()
    expect(target.texts).toEqual(['a', 'b', 'c'])
    expect(told.map(([frame]) => frame).sort()).toEqual(['a', 'b', 'c'])
    expect(outbox.bufferedBytes).toBe(0)
  })
})

/** A sink that is full when the test says so. */
class Target implements OutboxTarget {
  isWritable = true
  /** Full after so many writes. */
  takes = Number.POSITIVE_INFINITY
  overflows = 0
  events = 0
  readonly texts: string[] = []
  onWrite: (text: string) => void = () => {}

  write({ bytes, events }: Chunk): void {
    const text = new TextDecoder().decode(bytes)
    this.texts.push(text)
    this.events += events
    if (--this.takes === 0) {
      this.isWritable = false
      this.takes = Number.POSITIVE_INFINITY
    }
    this.onWrite(text)
  }

  overflowed(): void {
    this.overflows++
  }
}

function setUp(maxBufferedBytes: number = KIB * KIB): { target: Target; outbox: Outbox } {
  const target = new Target()
  return { target, outbox: new Outbox(target, maxBufferedBytes) }
}

async function expectPending(promise: Promise<void>): Promise<void> {
  let isPending = true
  void promise.then(() => {
    isPending = false
  })
  await Promise.resolve()
  await Promise.resolve()
  expect(isPending).toBe(true)
}
