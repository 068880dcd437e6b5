import { describe, expect, it } from 'vitest'
import type { Bar, Figures } from '../measurements/measurement.ts'
import type { Result } from './rounds.ts'
import { judge } from './verdict.ts'

describe('judge', () => {
  const results = [
    result('ours', [{ cpu: 1 }, { cpu: 20 }, { cpu: 3 }]),
    result('theirs', [{ cpu: 2 }, { cpu: 10 }, { cpu: 3 }]),
  ]
  const ratio: Bar = { metric: 'cpu', of: 'ours', against: { contestant: 'theirs', by: 'ratio' } }

  it('takes ratios within each round, since what disturbs a round disturbs both', () => {
    expect(judge({ ...ratio, atMost: 1 }, results)).toMatchObject({
      measured: { median: 1, min: 0.5, max: 2 },
      outcome: 'pass',
    })
    expect(judge({ ...ratio, atMost: 0.9 }, results).outcome).toBe('miss')
  })

  it('holds a floor as well as a ceiling', () => {
    expect(judge({ ...ratio, atLeast: 1 }, results).outcome).toBe('pass')
    expect(judge({ ...ratio, atLeast: 1.1 }, results).outcome).toBe('miss')
  })

  it('takes differences, and figures as they are', () => {
    const difference: Bar = {
      metric: 'cpu',
      of: 'ours',
      against: { contestant: 'theirs', by: 'difference' },
      atMost: 0,
    }
    expect(judge(difference, results)).toMatchObject({ measured: { median: 0, min: -1, max: 10 }, outcome: 'pass' })
    expect(judge({ metric: 'cpu', of: 'ours', atMost: 3 }, results)).toMatchObject({
      measured: { median: 3 },
      outcome: 'pass',
    })
  })

  it('lets one bad round miss where every round counts', () => {
    expect(judge({ ...ratio, atMost: 1, everyRound: true }, results).outcome).toBe('miss')
    expect(judge({ ...ratio, atMost: 2, everyRound: true }, results).outcome).toBe('pass')
  })

  it('does not pass what was not measured', () => {
    expect(judge({ ...ratio, metric: 'instructions', atMost: 1 }, results).outcome).toBe('unmeasured')
    expect(judge({ ...ratio, of: 'nobody', atMost: 1 }, results).outcome).toBe('unmeasured')
  })
})

function result(name: string, rounds: Figures[]): Result {
  return { contestant: { name, peer: 'bare', measure: async () => ({}) }, rounds, failure: undefined }
}
