import { describe, expect, it } from 'vitest'
import { measureInRounds } from '../harness/rounds.ts'
import type { Scale } from '../scale.ts'
import { measurements } from './all.ts'

const tiny: Scale = {
  rounds: 1,
  fanout: { clients: 3, warmUp: 2, events: 4 },
  burst: { clients: 3, warmUp: 1, bursts: 2, events: 4 },
  idle: { clients: 5 },
  open: { clients: 5, warmUp: 2, times: 2 },
  stalled: { stalled: 2, readers: 2, events: 20 },
  generator: { warmUp: 10, events: 100 },
  resume: { clients: 5, warmUp: 2, behind: 10 },
}

describe('measurements', () => {
  it.each(measurements)(
    '$name gives everyone whom its bars compare the figures that they need',
    async (measurement) => {
      const compared = new Set(measurement.bars.flatMap(({ of, against }) => [of, against?.contestant]))
      const contestants = measurement.contestants.filter(({ name }) => compared.has(name))
      expect(contestants).toHaveLength([...compared].filter((name) => name !== undefined).length)

      const results = await measureInRounds({ ...measurement, contestants }, { scale: tiny, onProgress: () => {} })

      for (const { of, metric } of measurement.bars) {
        if (metric === 'instructions') continue
        const { rounds, failure } = results.find(({ contestant }) => contestant.name === of) ?? {}
        expect(failure).toBeUndefined()
        expect(rounds?.[0]?.[metric]).toBeTypeOf('number')
      }
    },
  )
})
