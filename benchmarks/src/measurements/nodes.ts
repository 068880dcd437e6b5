import type { SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { Site } from '../harness/site.ts'
import { line } from '../harness/statistics.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = ['sse-redis', 'sse-nats'] as const satisfies readonly SubjectName[]

/** So many nodes follow, one after the other. */
const STEPS = [1, 2, 4, 8]

/** What each node that follows costs the engine. */
export const nodes: Measurement = {
  name: 'nodes',
  title: ({ nodes: { rate, events } }) =>
    `${STEPS.join(', ')} nodes follow ${events} events of 100 bytes, ${rate} a second: CPU of the engine per event`,
  rounds: ({ engines }) => engines.rounds,
  metrics: [
    ...STEPS.map((count) => ({
      key: `nodes${count}`,
      label: count === 1 ? '1 node, µs' : `${count} nodes, µs`,
      digits: 1,
    })),
    { key: 'event', label: 'for the event, µs', digits: 1, isInSummary: true },
    { key: 'node', label: 'and for each node, µs', digits: 1, isInSummary: true },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

async function measure(site: Site, { nodes: { rate, warmUp, events } }: Scale): Promise<Figures> {
  const publisher = await site.node(RETAINED)
  const following = await site.node(RETAINED)
  let published = 0
  const publish = async (count: number) => {
    await publisher.call('publishPaced', { count, rate, stamped: false })
    published += count
    await following.call('followed', published)
  }
  const points: { x: number; y: number }[] = []
  for (const count of STEPS) {
    await following.call('follow', count)
    await publish(warmUp)
    const before = site.engineCpu()
    await publish(events)
    points.push({ x: count, y: (site.engineCpu() - before) / events })
  }
  const { at0, perUnit } = line(points)
  return {
    ...Object.fromEntries(points.map(({ x, y }) => [`nodes${x}`, y])),
    event: at0,
    node: perUnit,
  }
}
