import type { SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { Site } from '../harness/site.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = ['sse-redis', 'sse-redis-ioredis', 'sse-nats'] as const satisfies readonly SubjectName[]

/** A node that starts where there is history. */
export const start: Measurement = {
  name: 'start',
  title: ({ start: { events } }) =>
    `a node's start, from \`createHub\` to \`ready\`, where the engine has ${events} events of 100 bytes`,
  rounds: ({ rounds, engines }) => Math.min(rounds, engines.rounds),
  metrics: [{ key: 'ms', label: 'ms', digits: 1 }],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

async function measure(site: Site, { start: { events } }: Scale): Promise<Figures> {
  await (await site.node(RETAINED)).call('publish', { count: events, inFlight: 1_000 })
  const node = await site.node(RETAINED)
  const { ms, events: inRing } = await node.call('startNode')
  if (inRing !== events) throw new Error(`of ${events} events ${inRing} were in the ring when it was ready`)
  return { ms }
}
