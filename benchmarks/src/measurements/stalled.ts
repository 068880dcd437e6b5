import type { Pair } from '../harness/pair.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import type { Contestant, Figures, Measurement } from './measurement.ts'

const BYTES = 16 * 1024

/** What clients that stop reading cost in memory, and whether the others still get everything. */
export const stalled: Measurement = {
  name: 'stalled',
  title: ({ stalled: { stalled, readers, events } }) =>
    `${events} events of 16 KB, one per turn, to ${readers} clients that read, with and without ${stalled} that never do`,
  metrics: [
    { key: 'peak', label: 'peak memory, MB', digits: 1 },
    { key: 'missing', label: 'events missing at a reader', digits: 0 },
  ],
  contestants: [
    undisturbed('sse-core'),
    besideStalled('sse-core'),
    undisturbed('hand-written'),
    besideStalled('hand-written'),
  ],
  bars: [
    {
      metric: 'peak',
      of: 'sse-core, with them',
      against: { contestant: 'sse-core, without', by: 'difference' },
      atMost: 32,
    },
    { metric: 'peak', of: 'sse-core, with them', atMost: 130 },
    { metric: 'missing', of: 'sse-core, with them', atMost: 0, everyRound: true },
    { metric: 'missing', of: 'sse-core, without', atMost: 0, everyRound: true },
  ],
}

function undisturbed(peer: PeerName): Contestant {
  return { name: `${peer}, without`, peer, measure: (pair: Pair, scale: Scale) => measure(pair, scale, 0) }
}

function besideStalled(peer: PeerName): Contestant {
  return {
    name: `${peer}, with them`,
    peer,
    measure: (pair: Pair, scale: Scale) => measure(pair, scale, scale.stalled.stalled),
  }
}

async function measure(pair: Pair, { stalled: { readers, events } }: Scale, neverReading: number): Promise<Figures> {
  await pair.connect({ path: '/events', count: neverReading, reads: 'never' })
  await pair.connect({ path: '/events', count: readers })
  await pair.publish({ turns: events, perTurn: 1, bytes: BYTES })
  const { least } = await pair.receive(readers * events)
  return { peak: (await pair.peakMemory()) / 1e6, missing: events - least }
}
