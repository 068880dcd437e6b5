import { describe, it } from 'vitest'
import { DIST, loadCore } from './built-core.ts'
import { checkSeed } from './run.ts'

/** How many seeds there are unless `SEEDS` says otherwise; `SEED` is for one alone. */
const SEEDS = 100
const GROUP = 10

const { SEED, SEEDS: many = String(SEEDS) } = process.env
const seeds = SEED === undefined ? Array.from({ length: Number(many) }, (_, n) => n + 1) : [Number(SEED)]

describe('resume checker', async () => {
  const core = await loadCore(DIST)
  while (seeds.length > 0) {
    const group = seeds.splice(0, GROUP)
    const name = group.length === 1 ? `seed ${group[0]}` : `seeds ${group[0]} to ${group.at(-1)}`
    it(`sees every event once and in order, or a gap where it must be: ${name}`, async () => {
      for (const seed of group) await checkSeed(core, seed)
    })
  }
})
