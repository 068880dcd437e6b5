import { Random } from '@sse/tooling/random'
import { describe, expect, it } from 'vitest'
import type { Sample } from './soak-server.ts'
import { judge, type Soak, slope } from './verdict.ts'

const SEED = 20_261_122

/** Ten minutes, a sample every five seconds, of a heap that is noisy, and grows by so many MB in a minute. */
function soak(growth: number, end: Partial<Sample> = {}): Soak {
  const random = new Random(SEED)
  const still: Sample = {
    at: 0,
    heapMB: 30,
    externalMB: 12,
    rssMB: 300,
    handles: 5,
    connections: 0,
    lagging: 0,
    opened: 0,
    published: 0,
    errors: 0,
  }
  const churn = Array.from({ length: 120 }, (_, n): Sample => {
    const connections = random.int(0, 300)
    const noise = random.next() + (random.chance(0.05) ? 20 : 0)
    const heapMB = 30 + 0.02 * connections + noise + (growth * n * 5) / 60
    return { ...still, at: n * 5, connections, lagging: 3, handles: connections, heapMB }
  })
  return { start: still, churn, end: { ...still, at: 610, ...end } }
}

function misses(given: Soak): string[] {
  return judge(given).flatMap(({ what, isFine }) => (isFine ? [] : [what]))
}

describe('slope', () => {
  it('is not led astray by some points that lie anywhere', () => {
    const points = Array.from({ length: 30 }, (_, x): [number, number] => [x, x % 5 === 0 ? 1_000 : 3 * x])
    expect(slope(points)).toBeCloseTo(3)
  })

  it('is 0 where there are no two points', () => {
    expect(slope([[1, 2]])).toBe(0)
  })
})

describe(`judge, of noise with the seed ${SEED}`, () => {
  it('lets pass what is flat, however many are connected when it looks', () => {
    expect(misses(soak(0))).toEqual([])
  })

  it('misses a heap that grows by half a megabyte in a minute', () => {
    expect(misses(soak(0.5))).toEqual([expect.stringContaining('the heap, over the last')])
  })

  it('misses what has not gone with its clients', () => {
    expect(misses(soak(0, { connections: 1 }))).toEqual(['connections, when everyone had gone'])
    expect(misses(soak(0, { handles: 6 }))).toEqual(['handles, when everyone had gone'])
    expect(misses(soak(0, { heapMB: 33 }))).toEqual(['the heap, when everyone had gone'])
    expect(misses(soak(0, { errors: 1 }))).toEqual(['errors, when everyone had gone'])
  })
})
