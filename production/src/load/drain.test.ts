import { requireProgram } from '@sse/tooling/programs'
import { describe, expect, it } from 'vitest'
import { type Drill, missed, runDrill, type ScenarioName } from './drain-run.ts'

function drill(scenario: ScenarioName): Drill {
  return { scenario, engine: 'redis', server: 'node', clients: 200, window: 2_000, rate: 20, down: 1_000 }
}

describe('a node that is told to end', () => {
  it.concurrent.for([drill('rolling'), { ...drill('single'), window: 1_000 }])(
    'loses nothing of what its clients are to see, and lets them come back one by one: $scenario',
    async (given, context) => {
      requireProgram('redis-server', context)
      expect(missed(await runDrill(given))).toEqual([])
    },
  )
})
