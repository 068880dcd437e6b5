import type { SubjectName } from '../engines/registry.ts'
import type { Site } from '../harness/site.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = [
  'node-redis',
  'sse-redis',
  'ioredis',
  'sse-redis-ioredis',
  'nats',
  'sse-nats',
  'sse-nats-memory',
] as const satisfies readonly SubjectName[]

/** One process that publishes. */
export const publish: Measurement = {
  name: 'publish',
  title: ({ publish: { events, inFlight, alone, retained } }) =>
    `${events} events of 100 bytes published by one process, ${inFlight} without an answer at any time, to a log that is full (${retained} events); then ${alone}, each after the answer to the one before`,
  rounds: ({ rounds, engines }) => Math.min(rounds, engines.rounds),
  metrics: [
    { key: 'rate', label: 'events per second', digits: 0 },
    { key: 'alone', label: 'one alone, µs', digits: 0, isInSummary: true },
    { key: 'cpu', label: "publisher's CPU per event, µs", digits: 2 },
    { key: 'engineCpu', label: "engine's CPU per event, µs", digits: 2 },
    { key: 'engineCpuAlone', label: 'of one alone', digits: 1 },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [
    { metric: 'rate', of: 'sse-redis', against: { contestant: 'node-redis', by: 'ratio' }, atLeast: 0.7 },
    { metric: 'rate', of: 'sse-redis-ioredis', against: { contestant: 'ioredis', by: 'ratio' }, atLeast: 0.7 },
    { metric: 'rate', of: 'sse-nats', against: { contestant: 'nats', by: 'ratio' }, atLeast: 0.7 },
  ],
}

async function measure(site: Site, { publish: { events, inFlight, alone, retained } }: Scale): Promise<Figures> {
  const node = await site.node(retained)
  await node.call('publish', { count: retained, inFlight })
  let ms = 0
  const { cpu, engineCpu } = await site.cost(node, async () => {
    ms = await node.call('publish', { count: events, inFlight })
  })
  let median = 0
  const lone = await site.cost(node, async () => {
    median = await node.call('publishAlone', alone)
  })
  const published = retained + events + alone
  const kept = await node.call('readKept', published)
  if (kept < retained) throw new Error(`of ${published} events the newest ${kept} were there, not ${retained}`)
  return {
    rate: (events / ms) * 1_000,
    alone: median,
    cpu: cpu / events,
    engineCpu: engineCpu / events,
    engineCpuAlone: lone.engineCpu / alone,
  }
}
