import type { Pair } from '../harness/pair.ts'
import type { Scale } from '../scale.ts'
import { cpuMetrics, perUnit } from './cpu.ts'
import type { Figures, Measurement } from './measurement.ts'

/** Everyone comes back at once, some events behind. */
export const resume: Measurement = {
  name: 'resume',
  title: ({ resume: { clients, behind } }) =>
    `${clients} clients that come at once, resuming ${behind} events behind or without an id`,
  metrics: cpuMetrics('client'),
  contestants: [
    { name: 'plain connect', peer: 'sse-core', measure: (pair: Pair, scale: Scale) => measure(pair, scale, false) },
    { name: 'resume', peer: 'sse-core', measure: (pair: Pair, scale: Scale) => measure(pair, scale, true) },
  ],
  bars: [{ metric: 'cpu', of: 'resume', against: { contestant: 'plain connect', by: 'ratio' }, atMost: 2 }],
}

async function measure(pair: Pair, { resume: { clients, warmUp, behind } }: Scale, resumes: boolean): Promise<Figures> {
  const id = await pair.publishForId()
  await pair.publish({ turns: behind, perTurn: 1, bytes: 100 })
  const come = async (count: number) => {
    await pair.connect({ path: '/events', count, ...(resumes && { lastEventId: id }) })
    await pair.receiveAll(count, resumes ? behind : 0)
  }
  await come(warmUp)
  await pair.disconnect()
  return perUnit(await pair.cost(() => come(clients)), clients)
}
