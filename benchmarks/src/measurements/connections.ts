import type { Cost, Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import { cpuMetrics, perUnit, total } from './cpu.ts'
import type { Figures, Measurement } from './measurement.ts'

const peers = [
  'bare',
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

/** The memory of connections on which nothing happens. */
export const idle: Measurement = {
  name: 'idle',
  title: ({ idle: { clients } }) => `${clients} idle connections: after garbage collection`,
  metrics: [{ key: 'memory', label: 'resident memory per connection, KB', digits: 2 }],
  contestants: peers.map((peer) => ({ name: peer, peer, measure: measureIdle })),
  bars: [{ metric: 'memory', of: 'sse-core', against: { contestant: 'bare', by: 'ratio' }, atMost: 1.15 }],
}

/** What opening a connection costs. */
export const open: Measurement = {
  name: 'open',
  title: ({ open: { clients, times } }) =>
    `opening ${clients} connections, each to the head of its response, ${times} times`,
  metrics: cpuMetrics('connection'),
  contestants: peers.map((peer) => ({ name: peer, peer, measure: measureOpen })),
  bars: [{ metric: 'cpu', of: 'sse-core', against: { contestant: 'bare', by: 'ratio' }, atMost: 1.3 }],
}

async function measureIdle(pair: Pair, { idle: { clients } }: Scale): Promise<Figures> {
  const before = await pair.settledMemory()
  await pair.connect({ path: '/events', count: clients })
  const after = await pair.settledMemory()
  return { memory: (after - before) / clients / 1_000 }
}

async function measureOpen(pair: Pair, { open: { clients, warmUp, times } }: Scale): Promise<Figures> {
  await pair.connect({ path: '/events', count: warmUp })
  const costs: Cost[] = []
  for (let n = 0; n < times; n++) {
    await pair.disconnect()
    costs.push(await pair.cost(() => pair.connect({ path: '/events', count: clients })))
  }
  return perUnit(total(costs), clients * times)
}
