import type { SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { Site } from '../harness/site.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = ['sse-memory', 'sse-redis', 'sse-nats'] as const satisfies readonly SubjectName[]

/** From the publish in one process to the clients of another. */
export const latency: Measurement = {
  name: 'latency',
  title: ({ latency: { rate, clients, events } }) =>
    `from the call of \`publish\` to each of ${clients} clients of another process: ${events} events of 100 bytes, ${rate} a second`,
  rounds: ({ rounds, engines }) => Math.min(rounds, engines.rounds),
  metrics: [
    { key: 'median', label: 'median, µs', digits: 0, isInSummary: true },
    { key: 'p99', label: '99 % within, µs', digits: 0, isInSummary: true },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

/** The memory log has one process only: it publishes, and serves. */
async function measure(site: Site, { latency: { rate, clients, warmUp, events } }: Scale): Promise<Figures> {
  const server = await site.node(RETAINED)
  const publisher = site.isOneProcess ? server : await site.node(RETAINED)
  const watch = await site.clients(await server.call('serve'), clients)
  const publishTo = async (count: number) => {
    const received = watch.call('receive', count)
    await publisher.call('publishPaced', { count, rate })
    const { least, most } = await received
    if (least !== count || most !== count) throw new Error(`clients got ${least} to ${most} of ${count} events`)
    const { median, p99 } = await watch.call('latencies')
    return { median, p99 }
  }
  await publishTo(warmUp)
  return publishTo(events)
}
