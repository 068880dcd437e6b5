import { describe, expect, it } from 'vitest'
import type { Figures, Measurement } from '../measurements/measurement.ts'
import { quick } from '../scale.ts'
import { asDetails, asJson, asSummary, misses, type Report } from './report.ts'

const against = { contestant: 'bare', by: 'ratio' } as const
const measurement: Measurement = {
  name: 'example',
  title: () => 'an example',
  metrics: [
    { key: 'cpu', label: 'CPU, µs', digits: 1 },
    { key: 'instructions', label: 'instructions', digits: 0 },
  ],
  contestants: [],
  bars: [
    { metric: 'cpu', of: 'sse-core', against, atMost: 0.5 },
    { metric: 'cpu', of: 'sse-core', atMost: 3 },
    { metric: 'instructions', of: 'sse-core', against, atMost: 0.6 },
  ],
}

describe('misses', () => {
  it('names the bars that were missed, and not what this machine cannot count', () => {
    expect(misses(report([{ cpu: 2 }], 'no perf')).map(({ bar }) => bar.atMost)).toEqual([])
    expect(misses(report([{ cpu: 3 }], 'no perf')).map(({ bar }) => bar.atMost)).toEqual([0.5])
  })

  it('takes for missed what could have been measured and was not', () => {
    expect(misses(report([{ cpu: 2 }], undefined)).map(({ bar }) => bar.metric)).toEqual(['instructions'])
    expect(misses(report([], 'no perf')).map(({ bar }) => bar.metric)).toEqual(['cpu', 'cpu'])
  })
})

describe('asDetails', () => {
  it('shows median, least and most, the ratio to whom a bar names, and marks a miss', () => {
    const text = asDetails(report([{ cpu: 2 }, { cpu: 3 }, { cpu: 4 }], 'no perf'))
    expect(text).toMatch(/\| sse-core +\| 3\.0 \(2\.0–4\.0\) +\| 0\.75 \(0\.50–1\.00\) +\|/)
    expect(text).toMatch(/\| sse-core ÷ bare: CPU, µs +\| ≤ 0\.5 +\| 0\.75 \(0\.50–1\.00\) +\| \*\*miss\*\* +\|/)
    expect(text).toMatch(/\| sse-core: CPU, µs +\| ≤ 3 +\| 3\.0 \(2\.0–4\.0\) +\| pass +\|/)
    expect(text).toContain('not counted')
  })

  it('says why a contestant has no figures', () => {
    expect(asDetails(report([], 'no perf', 'it broke\nstack'))).toMatch(/\| sse-core +\| failed: it broke +\|/)
  })

  it('says why where nobody has any', () => {
    const { measured, ...rest } = report([], 'no perf', 'it broke')
    const failed = measured.map((one) => ({ ...one, results: one.results.slice(1) }))
    expect(asDetails({ ...rest, measured: failed })).toMatch(/\| sse-core +\| failed: it broke +\|/)
  })
})

describe('asSummary', () => {
  it('shows where, when and on which versions, the bars, and the peers side by side', () => {
    const text = asSummary(report([{ cpu: 2 }], 'no perf'))
    expect(text).toContain('on 2026-01-02: A processor, 2 cores')
    expect(text).toContain('peer 1.2.3')
    expect(text).toMatch(/\| +\| example: CPU, µs \|\n.*\n\| bare +\| 4\.0 +\|\n\| sse-core +\| 2\.0 +\|/)
  })
})

describe('a report on engines', () => {
  const ofEngines: Report = {
    ...report([], undefined),
    leftOut: ['nats: install nats-server'],
    scale: { ...quick, rounds: 7 },
    measured: [
      {
        measurement: {
          ...measurement,
          name: 'engines',
          metrics: [
            { key: 'rate', label: 'rate', digits: 0 },
            { key: 'p50', label: 'median', digits: 1, isInSummary: true },
            { key: 'other', label: 'other', digits: 1 },
          ],
          contestants: [{ name: 'sse-redis', subject: 'sse-redis', measure: async () => ({}) }],
          bars: [],
          rounds: () => 5,
        },
        results: [
          {
            contestant: { name: 'sse-redis', subject: 'sse-redis', measure: async () => ({}) },
            rounds: [{ rate: 1000, p50: 2, other: 3 }],
            failure: undefined,
          },
        ],
      },
    ],
  }

  it('has a table of its own in the summary, with the figures that are to be seen at a glance', () => {
    expect(asSummary(ofEngines)).toMatch(
      /\| +\| sse-redis \|\n.*\n\| engines: rate +\| 1000 +\|\n\| engines: median +\| 2\.0 +\|(?!\n\| engines)/,
    )
  })

  it('says which engines were left out, and in how many rounds the others were measured', () => {
    expect(asDetails(ofEngines)).toContain('Left out is nats: install nats-server.')
    expect(asDetails(ofEngines)).toContain('Medians of 5 interleaved rounds')
  })

  it('has no table of bars where there are none', () => {
    expect(asDetails(ofEngines)).not.toContain('## Bars')
  })
})

describe('asJson', () => {
  it('holds every figure of every round', () => {
    const { measurements } = JSON.parse(asJson(report([{ cpu: 2 }, { cpu: 3 }], 'no perf')))
    expect(measurements[0].contestants[1]).toEqual({ name: 'sse-core', rounds: [{ cpu: 2 }, { cpu: 3 }] })
    expect(measurements[0].bars[0]).toMatchObject({ measured: { min: 0.5, max: 0.75 }, outcome: 'miss' })
  })
})

function report(rounds: Figures[], noInstructions: string | undefined, failure?: string): Report {
  const measure = async () => ({})
  return {
    date: '2026-01-02T03:04:05.678Z',
    command: 'npm run bench',
    machine: { cpu: 'A processor', cores: 2, memoryGiB: 4, kernel: 'linux', node: 'v24.0.0', busy: 0 },
    versions: { peer: '1.2.3' },
    noInstructions,
    scale: quick,
    leftOut: [],
    measured: [
      {
        measurement,
        results: [
          {
            contestant: { name: 'bare', peer: 'bare', measure },
            rounds: [{ cpu: 4 }, { cpu: 4 }, { cpu: 4 }],
            failure: undefined,
          },
          { contestant: { name: 'sse-core', peer: 'sse-core', measure }, rounds, failure },
        ],
      },
    ],
  }
}
