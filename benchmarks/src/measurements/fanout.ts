import type { Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import { cpuMetrics, perUnit } from './cpu.ts'
import type { Contestant, Figures, Measurement } from './measurement.ts'

const peers = [
  'hand-written',
  'better-sse',
  'hono',
  'nest',
  'fastify',
  'sse-core',
  'sse-express',
] as const satisfies readonly PeerName[]

/** One event per turn of the event loop to many clients. */
export const fanout: Measurement = {
  name: 'fanout',
  title,
  metrics: cpuMetrics('delivery'),
  contestants: peers.map(contestant),
  bars: [
    { metric: 'cpu', of: 'sse-core', against: { contestant: 'hand-written', by: 'ratio' }, atMost: 0.75 },
    { metric: 'cpu', of: 'sse-core', against: { contestant: 'better-sse', by: 'ratio' }, atMost: 0.6 },
    { metric: 'instructions', of: 'sse-core', against: { contestant: 'hand-written', by: 'ratio' }, atMost: 0.6 },
    { metric: 'instructions', of: 'sse-core', against: { contestant: 'better-sse', by: 'ratio' }, atMost: 0.5 },
  ],
}

/** The same with only the two that the Express package is judged by, side by side. */
export const express: Measurement = {
  name: 'express',
  title: (scale) => `\`res.sse\` of Express against \`eventStream\` on \`node:http\`: ${title(scale)}`,
  metrics: cpuMetrics('delivery'),
  contestants: [contestant('sse-core'), contestant('sse-express')],
  bars: [{ metric: 'cpu', of: 'sse-express', against: { contestant: 'sse-core', by: 'ratio' }, atMost: 1.1 }],
}

function title({ fanout: { clients, events } }: Scale): string {
  return `${events} events of 100 bytes, each in its own turn of the event loop, to ${clients} clients`
}

function contestant(peer: PeerName): Contestant {
  return { name: peer, peer, measure }
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
