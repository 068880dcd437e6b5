import { findProgram, requireProgram } from '@sse/tooling/programs'
import { afterAll, describe, expect, it } from 'vitest'
import { ENGINES } from './plan.ts'
import { runSeed } from './run.ts'
import { Tally } from './tally.ts'

/** How many seeds of each engine; `npm run chaos` is for more. */
const SEEDS = 4

describe.each(ENGINES)('several nodes and one log in %s', (engine) => {
  const tally = new Tally(engine)

  for (let seed = 1; seed <= SEEDS; seed++) {
    it.concurrent(`shows every event once and in order, or a gap where it must: seed ${seed}`, async (context) => {
      requireProgram(`${engine}-server`, context)
      const run = await runSeed(seed, { engine, signal: context.signal })
      tally.add(run)
      const message = [`again: npm run chaos -- --engine ${engine} --seed ${seed}`, ...run.tale].join('\n')
      expect(run.violations, message).toEqual([])
    })
  }

  afterAll(() => {
    if (findProgram(`${engine}-server`) === undefined) return
    expect(tally.lacks, tally.lines.join('\n')).toEqual([])
  })
})
