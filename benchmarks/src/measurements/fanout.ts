import type { Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import { cpuMetrics, perUnit } from './cpu.ts'
import type { Figures, Measurement } from './measurement.ts'

const peers = [
  'hand-written',
  'better-sse',
  'koa',
  'hono',
  'nest',
  'fastify',
  'sse-core',
  'sse-express',
  'sse-koa',
  'sse-hono',
  'sse-nest',
] as const satisfies readonly PeerName[]

/** One event per turn of the event loop to many clients. */
export const fanout: Measurement = {
  name: 'fanout',
  title: ({ fanout: { clients, events } }) =>
    `${events} events of 100 bytes, each in its own turn of the event loop, to ${clients} clients`,
  metrics: cpuMetrics('delivery'),
  contestants: peers.map((peer) => ({ name: peer, peer, measure })),
  bars: [
    { metric: 'cpu', of: 'sse-core', against: { contestant: 'hand-written', by: 'ratio' }, atMost: 0.75 },
    { metric: 'cpu', of: 'sse-core', against: { contestant: 'better-sse', by: 'ratio' }, atMost: 0.6 },
    { metric: 'instructions', of: 'sse-core', against: { contestant: 'hand-written', by: 'ratio' }, atMost: 0.6 },
    { metric: 'instructions', of: 'sse-core', against: { contestant: 'better-sse', by: 'ratio' }, atMost: 0.5 },
    { metric: 'cpu', of: 'sse-express', against: { contestant: 'sse-core', by: 'ratio' }, atMost: 1.1 },
    { metric: 'cpu', of: 'sse-koa', against: { contestant: 'sse-core', by: 'ratio' }, atMost: 1.15 },
    { metric: 'cpu', of: 'sse-hono', against: { contestant: 'sse-core', by: 'ratio' }, atMost: 1.15 },
    { metric: 'cpu', of: 'sse-nest', against: { contestant: 'sse-core', by: 'ratio' }, atMost: 1.3 },
  ],
}

async function measure(pair: Pair, { fanout: { clients, warmUp, events } }: Scale): Promise<Figures> {
  await pair.connect({ path: '/events', count: clients })
  await pair.publish({ turns: warmUp, perTurn: 1, bytes: 100 })
  await pair.receiveAll(clients, warmUp)
  const cost = await pair.cost(async () => {
    await pair.publish({ turns: events, perTurn: 1, bytes: 100 })
    await pair.receiveAll(clients, warmUp + events)
  })
  return perUnit(cost, clients * events)
}
