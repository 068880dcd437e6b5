import { describe, expect, it } from 'vitest'
import { measurements as all } from '../measurements/all.ts'
import { withoutMissing } from './missing.ts'

describe('withoutMissing', () => {
  it('leaves everything where every engine is installed', () => {
    expect(withoutMissing(all, () => undefined)).toEqual({ measurements: all, leftOut: [] })
  })

  it('leaves out who needs an engine that is not, and the bars that name one of them', () => {
    const { measurements, leftOut } = withoutMissing(all, (engine) =>
      engine === 'redis' ? 'install redis-server' : undefined,
    )
    expect(leftOut).toEqual(['redis: install redis-server'])
    const publish = measurements.find(({ name }) => name === 'publish')
    expect(publish?.contestants.map(({ name }) => name)).toEqual(['nats', 'sse-nats', 'sse-nats-memory'])
    expect(publish?.bars.map(({ of }) => of)).toEqual(['sse-nats'])
  })

  it('leaves out a bar of who is not there, compared or not', () => {
    const [measurement] = all.filter(({ name }) => name === 'latency')
    if (measurement === undefined) throw new Error('there is no such measurement')
    const against = { contestant: 'sse-memory', by: 'ratio' } as const
    const bars = [
      ...['sse-memory', 'sse-redis'].map((of) => ({ metric: 'p99', of, atMost: 1 })),
      { metric: 'p99', of: 'sse-redis', against, atMost: 1 },
    ]
    const { measurements } = withoutMissing([{ ...measurement, bars }], (engine) =>
      engine === 'redis' ? 'it is not there' : undefined,
    )
    expect(measurements[0]?.bars.map(({ of }) => of)).toEqual(['sse-memory'])
  })

  it('leaves out a measurement of which nobody is left', () => {
    const { measurements } = withoutMissing(all, (engine) => (engine === 'memory' ? undefined : 'it is not there'))
    const names = measurements.map(({ name }) => name)
    expect(names).toContain('fanout')
    expect(names).toContain('latency')
    expect(names).not.toContain('publish')
  })
})
