import { requireProgram } from '@sse/tooling/programs'
import { describe, expect, it } from 'vitest'
import { type Drill, missed, runDrill } from './drain-run.ts'

const SMALL: Omit<Drill, 'scenario' | 'retry'> = {
  engine: 'redis',
  server: 'node',
  clients: 200,
  window: 2_000,
  rate: 20,
  down: 1_000,
}

const DRILLS: readonly Drill[] = [
  // So short that the rate is the drain's own doing.
  { ...SMALL, scenario: 'rolling', retry: { min: 300, max: 600 } },
  { ...SMALL, scenario: 'single', retry: { min: 2_000, max: 5_000 }, window: 1_000 },
]

describe('a node that is told to end', () => {
  it.concurrent.for(DRILLS)(
    'loses nothing of what its clients are to see, and lets them come back one by one: $scenario',
    async (given, context) => {
      requireProgram('redis-server', context)
      expect(missed(await runDrill(given))).toEqual([])
    },
  )
})
