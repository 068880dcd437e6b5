import type { Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
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

/** An async generator's events to one client. */
export const generator: Measurement = {
  name: 'generator',
  title: ({ generator: { events } }) => `an async generator of ${events} small events to one client`,
  metrics: [{ key: 'rate', label: 'events per second of server CPU', digits: 0 }],
  contestants: peers.map((peer) => ({ name: peer, peer, measure })),
  bars: [{ metric: 'rate', of: 'sse-core', against: { contestant: 'hono', by: 'ratio' }, atLeast: 5 }],
}

async function measure(pair: Pair, { generator: { warmUp, events } }: Scale): Promise<Figures> {
  await stream(pair, warmUp)
  await pair.disconnect()
  const { cpu } = await pair.cost(() => stream(pair, events))
  return { rate: (events / cpu) * 1e6 }
}

async function stream(pair: Pair, events: number): Promise<void> {
  await pair.connect({ path: `/generator?count=${events}`, count: 1 })
  await pair.receiveAll(1, events)
}
