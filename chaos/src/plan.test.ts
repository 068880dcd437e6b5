import { describe, expect, it } from 'vitest'
import { drawPlan, ENGINES, faultKinds, isReset, type Plan } from './plan.ts'

const SEEDS = Array.from({ length: 14 }, (_, n) => n + 1)

function kindsOf({ steps }: Plan): string[] {
  return steps.flatMap((step) => (step.act === 'fault' ? [step.fault.kind] : []))
}

describe('drawPlan', () => {
  it('draws the same from the same seed', () => {
    for (const seed of SEEDS) expect(drawPlan(seed, 'redis')).toEqual(drawPlan(seed, 'redis'))
    expect(drawPlan(1, 'redis')).not.toEqual(drawPlan(2, 'redis'))
  })

  it.each(ENGINES)('has each kind of fault within 14 seeds: %s', (engine) => {
    const kinds = new Set(SEEDS.flatMap((seed) => kindsOf(drawPlan(seed, engine))))
    expect([...kinds].sort()).toEqual([...faultKinds(engine)].sort())
  })

  it('has three nodes or more, and clients that go from one to another', () => {
    for (const seed of SEEDS) {
      const { nodes, steps } = drawPlan(seed, 'nats')
      expect(nodes).toBeGreaterThanOrEqual(3)
      expect(steps.some((step) => step.act === 'hop')).toBe(true)
    }
  })

  it('has the faults that are wished for, each twice, and no others', () => {
    const plan = drawPlan(3, 'redis', { faults: ['node killed', 'log trimmed'], ring: 12, length: 500 })
    expect(kindsOf(plan).sort()).toEqual(['log trimmed', 'log trimmed', 'node killed', 'node killed'])
    expect(plan.ring).toBe(12)
    expect(plan.steps.every(({ at }) => at <= 500)).toBe(true)
  })
})

describe('isReset', () => {
  const plan = drawPlan(1, 'redis')

  it('takes a restart for one only where the log may have lost something', () => {
    const restart = { kind: 'engine restarted', for: 0 } as const
    expect(isReset(restart, { ...plan, failover: 'gap', storage: 'file, always' })).toBe(true)
    expect(isReset(restart, { ...plan, failover: 'trust', storage: 'file, always' })).toBe(false)
    expect(isReset(restart, { ...plan, engine: 'nats', failover: 'gap', storage: 'file' })).toBe(false)
    expect(isReset(restart, { ...plan, engine: 'nats', failover: 'gap', storage: 'memory' })).toBe(true)
  })

  it('takes removing the log for one, and trimming it not', () => {
    expect(isReset({ kind: 'log flushed' }, plan)).toBe(true)
    expect(isReset({ kind: 'log trimmed', keep: 3 }, plan)).toBe(false)
  })
})
