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
  title: ({ nodes: { events, burst } }) =>
    `CPU of the engine per event of 100 bytes: ${events} events, each when ${STEPS.join(', ')} nodes have the one before; and ${burst} events with 1000 under way, while none or ${STEPS.at(-1)} follow`,
  rounds: ({ rounds, nodes }) => Math.min(rounds, nodes.rounds),
  metrics: [
    ...STEPS.map((count) => ({
      key: `nodes${count}`,
      label: count === 1 ? '1 node, µs' : `${count} nodes, µs`,
      digits: 1,
      isInSummary: false,
    })),
    { key: 'event', label: 'one by one, an event, µs', digits: 1, isInSummary: true },
    { key: 'node', label: 'one by one, each node that gets it, µs', digits: 1, isInSummary: true },
    { key: 'burstEvent', label: 'in batches, an event, µs', digits: 2, isInSummary: true },
    { key: 'burstNode', label: 'in batches, each node that gets it, µs', digits: 2, isInSummary: true },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

/** Nodes are logs with connections of their own; that they share a process is nothing to the engine. */
async function measure(site: Site, { nodes: { events, warmUp, burst } }: Scale): Promise<Figures> {
  const node = await site.node(RETAINED)
  const costPerEvent = async (count: number, work: () => Promise<unknown>) => {
    const before = site.engineCpu()
    await work()
    return (site.engineCpu() - before) / count
  }
  const publishBurst = async () => {
    await node.call('publish', { count: burst, inFlight: 1_000 })
    await node.call('followed')
  }
  await publishBurst()
  const unfollowed = await costPerEvent(burst, publishBurst)
  const points: { x: number; y: number }[] = []
  for (const count of STEPS) {
    await node.call('follow', count)
    await node.call('publishInStep', warmUp)
    points.push({ x: count, y: await costPerEvent(events, () => node.call('publishInStep', events)) })
  }
  await publishBurst()
  const followed = await costPerEvent(burst, publishBurst)
  const { at0, perUnit } = line(points)
  return {
    ...Object.fromEntries(points.map(({ x, y }) => [`nodes${x}`, y])),
    event: at0,
    node: perUnit,
    burstEvent: unfollowed,
    burstNode: (followed - unfollowed) / Math.max(...STEPS),
  }
}
