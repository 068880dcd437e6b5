import { describe, expect, it } from 'vitest'
import { Sequence } from '../public/sequence.js'

/** A sequence that has a snapshot up to 100 and the ticks 101 to 103. */
function running(): Sequence {
  const sequence = new Sequence()
  sequence.opened(100, false)
  sequence.snapshot(100)
  for (const n of [101, 102, 103]) sequence.tick(n)
  return sequence
}

describe('Sequence', () => {
  it('tells what a snapshot holds from what is live', () => {
    const sequence = new Sequence()
    sequence.opened(100, false)
    sequence.snapshot(100)
    expect([97, 100, 101].map((n) => sequence.tick(n))).toEqual(['snapshot', 'snapshot', 'live'])
    expect(sequence.missing).toBe(0)
  })

  it('counts what was published while the client was away as replayed', () => {
    const sequence = running()
    sequence.opened(105, true)
    expect(sequence.isCaughtUp).toBe(false)
    expect([104, 105, 106].map((n) => sequence.tick(n))).toEqual(['replayed', 'replayed', 'live'])
    expect(sequence).toMatchObject({ replayed: 2, missing: 0, repeated: 0, isCaughtUp: true, last: 106 })
  })

  it('is caught up at once if nothing was published meanwhile', () => {
    const sequence = running()
    sequence.opened(103, true)
    expect(sequence.isCaughtUp).toBe(true)
    expect(sequence.tick(104)).toBe('live')
  })

  it('counts what did not come, and what came twice', () => {
    const sequence = running()
    sequence.opened(108, true)
    for (const n of [103, 106, 108, 109]) sequence.tick(n)
    expect(sequence).toMatchObject({ missing: 3, repeated: 1, replayed: 2 })
  })

  it('does not count as missing what a snapshot made up for', () => {
    const sequence = running()
    sequence.opened(200, true)
    sequence.snapshot(200)
    expect(sequence.isCaughtUp).toBe(true)
    expect(sequence.tick(201)).toBe('live')
    expect(sequence).toMatchObject({ missing: 0, replayed: 0 })
  })

  it('does not count as missing what a gap has announced, and what comes after it again', () => {
    const sequence = running()
    sequence.gap()
    sequence.snapshot(200)
    expect(sequence.tick(204)).toBe('live')
    expect(sequence).toMatchObject({ missing: 0, announced: 3 })
    sequence.tick(206)
    expect(sequence).toMatchObject({ missing: 1, announced: 3 })
  })

  it('begins with whatever comes where a market was not known yet', () => {
    const sequence = new Sequence()
    sequence.snapshot(0)
    sequence.tick(50)
    sequence.tick(52)
    expect(sequence.missing).toBe(1)
  })
})
