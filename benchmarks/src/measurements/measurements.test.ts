import { describe, expect, it } from 'vitest'
import { engineOf } from '../engines/registry.ts'
import { whyMissing } from '../harness/engine.ts'
import { measureInRounds } from '../harness/rounds.ts'
import type { Scale } from '../scale.ts'
import { measurements } from './all.ts'

const tiny: Scale = {
  rounds: 1,
  fanout: { clients: 3, warmUp: 2, events: 4 },
  telemetry: { clients: 3, warmUp: 2, turns: 2, events: 4 },
  burst: { clients: 3, warmUp: 1, bursts: 2, events: 4 },
  idle: { clients: 5 },
  open: { clients: 5, warmUp: 2, times: 2 },
  stalled: { stalled: 2, readers: 2, events: 20 },
  besideStalled: { stalled: 2, clients: 2, rate: 500, warmUp: 5, turns: 2, events: 10 },
  generator: { warmUp: 10, events: 100 },
  resume: { clients: 5, warmUp: 2, behind: 10 },
  engines: { rounds: 1 },
  follow: { events: 50, times: 2 },
  publish: { retained: 200, events: 100, inFlight: 10, alone: 5 },
  latency: { clients: 3, rate: 500, warmUp: 5, events: 10 },
  start: { events: 20 },
  idleNodes: { rounds: 1, nodes: 2, ms: 50 },
  nodes: { rounds: 1, warmUp: 5, events: 10, burst: 100 },
}

describe('measurements', () => {
  const ofPeers = measurements.filter(({ contestants }) => contestants.every((contestant) => 'peer' in contestant))
  it.each(ofPeers)('$name gives everyone whom its bars compare the figures that they need', async (measurement) => {
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
  })

  const ofEngines = measurements.flatMap((measurement) =>
    measurement.contestants.flatMap((contestant) => ('subject' in contestant ? [{ measurement, contestant }] : [])),
  )
  it.for(ofEngines)(
    '$measurement.name gives $contestant.name each of its figures',
    async ({ measurement, contestant }, context) => {
      const missing = whyMissing(engineOf(contestant.subject))
      if (missing !== undefined) context.skip(missing)

      const [result] = await measureInRounds(
        { ...measurement, contestants: [contestant] },
        { scale: tiny, onProgress: () => {} },
      )

      expect(result?.failure).toBeUndefined()
      for (const { key } of measurement.metrics) expect(result?.rounds[0]?.[key], key).toBeTypeOf('number')
    },
  )
})
