import type { Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import { cpuMetrics, perUnit } from './cpu.ts'
import type { Figures, Measurement } from './measurement.ts'

const peers = [
  'hand-written',
  'better-sse',
  'better-sse-batch',
  'fastify',
  'sse-core',
  'sse-express',
] as const satisfies readonly PeerName[]

/** Many events published in one turn of the event loop. */
export const burst: Measurement = {
  name: 'burst',
  title: ({ burst: { bursts, events, clients } }) =>
    `${bursts} bursts of ${events} events of 100 bytes, each burst published in one turn, to ${clients} clients`,
  metrics: cpuMetrics('delivery'),
  contestants: peers.map((peer) => ({ name: peer, peer, measure })),
  bars: [{ metric: 'cpu', of: 'sse-core', against: { contestant: 'better-sse', by: 'ratio' }, atMost: 0.1 }],
}

async function measure(pair: Pair, { burst: { clients, warmUp, bursts, events } }: Scale): Promise<Figures> {
  let published = 0
  const publishBursts = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await pair.publish({ turns: 1, perTurn: events, bytes: 100 })
      published += events
      await pair.receiveAll(clients, published)
    }
  }
  await pair.connect({ path: '/events', count: clients })
  await publishBursts(warmUp)
  const cost = await pair.cost(() => publishBursts(bursts))
  return perUnit(cost, clients * events * bursts)
}
