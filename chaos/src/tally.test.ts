import { describe, expect, it } from 'vitest'
import type { Sight } from './history.ts'
import { drawPlan, faultKinds } from './plan.ts'
import type { Run } from './run.ts'
import { Tally } from './tally.ts'

function runOf(seen: readonly Sight[], about: Partial<Run> = {}): Run {
  const publish = { serial: 0, topic: 'c', size: 0, publisher: 'node 0#1', at: 5, id: 'e.1', settledAt: 6 }
  return {
    plan: drawPlan(1, 'redis'),
    history: {
      ring: 10,
      noticing: 0,
      publishes: [publish],
      trails: [{ client: 'client 0', topics: ['**'], seen: [...seen] }],
      resets: [],
      trims: [],
      finals: [],
      heads: new Map(),
    },
    violations: [],
    late: 0,
    faults: [],
    tale: [],
    ...about,
  }
}

const everything: readonly Sight[] = [
  { kind: 'request', at: 0, node: 'node 0', id: undefined },
  { kind: 'id', at: 1, id: 'e.0' },
  { kind: 'request', at: 10, node: 'node 1', id: 'e.0' },
  { kind: 'event', at: 11, id: 'e.1', serial: 0, topic: 'c', size: 0 },
]

describe('Tally', () => {
  it('counts what a run did', () => {
    const tally = new Tally('redis')
    tally.add(runOf(everything))
    expect(tally.lacks).toEqual([])
    expect(tally.lines.join('\n')).toContain(
      'publishes 1, accepted 1, resumes 1, resumes elsewhere 1, deliveries 1, replayed 1',
    )
  })

  it('says what a run lacks that proves nothing', () => {
    const tally = new Tally('redis')
    tally.add(runOf(everything.slice(0, 2)))
    expect(tally.lacks).toEqual(['deliveries', 'resumes', 'resumes elsewhere', 'replayed'])
  })

  it('wants a gap where the log was reset', () => {
    const tally = new Tally('redis')
    const run = runOf(everything)
    run.history.resets.push({ at: 1, until: 2 })
    tally.add(run)
    expect(tally.lacks).toEqual(['gaps'])
  })

  it('wants each kind of fault, of many seeds', () => {
    const tally = new Tally('nats')
    for (let seed = 1; seed <= 14; seed++)
      tally.add(runOf(everything, { faults: [{ kind: 'connections cut', node: 0 }] }))
    expect(tally.lacks).toEqual(faultKinds('nats').filter((kind) => kind !== 'connections cut'))
  })

  it('names the seeds that failed', () => {
    const tally = new Tally('redis')
    tally.add(runOf(everything, { violations: [{ rule: 'missing', message: 'client 0: …' }] }))
    expect(tally.failed).toEqual([1])
    expect(tally.lines.at(-1)).toBe('  violations: missing 1')
  })
})
