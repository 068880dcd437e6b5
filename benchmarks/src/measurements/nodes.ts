import type { SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { Site } from '../harness/site.ts'
import { line } from '../harness/statistics.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = ['sse-redis', 'sse-nats'] as const satisfies readonly SubjectName[]

/** So many nodes follow, one after the other. */
const STEPS = [1, 2, 4, 8]

/** What events cost the engine, and each node that gets them. */
export const nodes: Measurement = {
  name: 'nodes',
  title: ({ nodes: { rate, events, burst } }) =>
    `CPU of the engine per event of 100 bytes: ${events} events, ${rate} a second, while ${STEPS.join(', ')} nodes follow; and ${burst} events as fast as they can be published, while none or ${STEPS.at(-1)} do`,
  rounds: ({ nodes }) => nodes.rounds,
  metrics: [
    ...STEPS.map((count) => ({
      key: `nodes${count}`,
      label: count === 1 ? '1 node, µs' : `${count} nodes, µs`,
      digits: 1,
    })),
    { key: 'event', label: 'one by one: an event, µs', digits: 1, isInSummary: true },
    { key: 'node', label: 'and each node, µs', digits: 1, isInSummary: true },
    { key: 'burstEvent', label: 'in batches: an event, µs', digits: 2, isInSummary: true },
    { key: 'burstNode', label: 'and each node, µs', digits: 2, isInSummary: true },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

async function measure(site: Site, { nodes: { rate, warmUp, events, burst } }: Scale): Promise<Figures> {
  const publisher = await site.node(RETAINED)
  const following = await site.node(RETAINED)
  let published = 0
  /** Answers what an event of these cost the engine. */
  const publish = async (count: number, pace: 'paced' | 'burst') => {
    const before = site.engineCpu()
    if (pace === 'paced') await publisher.call('publishPaced', { count, rate, stamped: false })
    else await publisher.call('publish', { count, inFlight: 1_000 })
    published += count
    await following.call('followed', published)
    return (site.engineCpu() - before) / count
  }
  await publish(burst, 'burst')
  const unfollowed = await publish(burst, 'burst')
  const points: { x: number; y: number }[] = []
  for (const count of STEPS) {
    await following.call('follow', count)
    await publish(warmUp, 'paced')
    points.push({ x: count, y: await publish(events, 'paced') })
  }
  const { at0, perUnit } = line(points)
  const followed = await publish(burst, 'burst')
  return {
    ...Object.fromEntries(points.map(({ x, y }) => [`nodes${x}`, y])),
    event: at0,
    node: perUnit,
    burstEvent: unfollowed,
    burstNode: (followed - unfollowed) / Math.max(...STEPS),
  }
}
