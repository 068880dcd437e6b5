import type { SubjectName } from '../engines/registry.ts'
import type { Site } from '../harness/site.ts'
import type { Scale } from '../scale.ts'
import type { EngineContestant, Figures, Measurement } from './measurement.ts'

/** Reading what others publish. */
export const follow: Measurement = {
  name: 'follow',
  title: ({ follow: { events, times } }) =>
    `a node reads on after it was stopped while others published ${events} events of 100 bytes, ${times} times`,
  rounds: ({ rounds, engines }) => Math.min(rounds, engines.rounds),
  metrics: [
    { key: 'rate', label: 'events per second', digits: 0 },
    { key: 'cpu', label: "node's CPU per event, µs", digits: 2 },
  ],
  contestants: [
    contestant('node-redis', 'sse-redis'),
    contestant('sse-redis', 'sse-redis'),
    contestant('ioredis', 'sse-redis'),
    contestant('sse-redis-ioredis', 'sse-redis'),
    contestant('nats', 'sse-nats'),
    contestant('sse-nats', 'sse-nats'),
  ],
  bars: [
    { metric: 'rate', of: 'sse-redis', against: { contestant: 'node-redis', by: 'ratio' }, atLeast: 0.7 },
    { metric: 'rate', of: 'sse-redis-ioredis', against: { contestant: 'ioredis', by: 'ratio' }, atLeast: 0.7 },
    { metric: 'rate', of: 'sse-nats', against: { contestant: 'nats', by: 'ratio' }, atLeast: 0.7 },
  ],
}

/** @param writer fills the log: a client alone reads what one of our logs has written, as all others do. */
function contestant(subject: SubjectName, writer: SubjectName): EngineContestant {
  return { name: subject, subject, measure: (site, scale) => measure(site, scale, writer) }
}

async function measure(site: Site, { follow: { events, times } }: Scale, writer: SubjectName): Promise<Figures> {
  const publisher = await site.node(2 * events, writer)
  await publisher.call('publish', { count: 1, inFlight: 1 })
  const node = await site.node(2 * events)
  await node.call('read')
  await node.call('readTo', 1)
  let published = 1
  const readOn = async () => {
    await node.whileStopped(() => publisher.call('publish', { count: events, inFlight: 1_000 }))
    published += events
    const { count, ms } = await node.call('readTo', published)
    if (count !== events) throw new Error(`${count} of ${events} events were read`)
    return ms
  }
  await readOn()
  let ms = 0
  const { cpu } = await site.cost(node, async () => {
    for (let n = 0; n < times; n++) ms += await readOn()
  })
  const read = events * times
  return { rate: (read / ms) * 1_000, cpu: cpu / read }
}
