import { describe, expect, it } from 'vitest'
import { runSoak } from './soak-run.ts'
import { judge } from './verdict.ts'

const SEED = 20_261_122

describe('a soak', () => {
  it(`leaves nothing open behind, and nothing goes wrong (seed ${SEED})`, async () => {
    const options = { server: 'node', seconds: 2, clients: 50, seed: SEED, leaks: false, every: 1, onSample: () => {} }
    const soaked = await runSoak(options)
    // Memory takes minutes to judge: that is what `npm run soak` is for.
    const live = judge(soaked).filter(({ what }) => /^(connections|lagging|handles|errors)/.test(what))
    expect(live).toHaveLength(4)
    expect(live.filter(({ isFine }) => !isFine)).toEqual([])
    expect(soaked.firstError).toBeUndefined()
    expect(soaked.end.opened).toBeGreaterThan(soaked.start.opened)
  })
})
