import type { Pair } from '../harness/pair.ts'
import { spread } from '../harness/statistics.ts'
import type { Latencies } from '../processes/stopwatch.ts'
import type { Scale } from '../scale.ts'
import type { Measurement, TurnContestant, Turns } from './measurement.ts'

/** So many events of a million bytes are published at most, until clients that read nothing have stalled. */
const MOST_FILLERS = 8

/** What clients that have stalled cost those that read, in time. */
export const besideStalled: Measurement = {
  name: 'beside-stalled',
  title: ({ besideStalled: { stalled, clients, rate, events, turns } }) =>
    `from the request to publish to each of ${clients} clients that read: ${turns} turns of ${events} events of 100 bytes, ` +
    `${rate} a second, with and without ${stalled} clients beside them that have stalled`,
  rounds: ({ rounds }) => Math.ceil((rounds * 9) / 7),
  turns: ({ besideStalled: { turns } }) => turns,
  metrics: [
    { key: 'p99', label: '99 % within, median of the turns, µs', digits: 0 },
    { key: 'median', label: 'median, µs', digits: 0 },
  ],
  contestants: [
    contestant('sse-core, without', () => 0),
    contestant('sse-core, with them', ({ besideStalled: { stalled } }) => stalled),
  ],
  bars: [
    {
      metric: 'p99',
      of: 'sse-core, with them',
      against: { contestant: 'sse-core, without', by: 'ratio' },
      atMost: 1.1,
    },
  ],
}

function contestant(name: string, stalledIn: (scale: Scale) => number): TurnContestant {
  return { name, peer: 'sse-core-patient', begin: (pair, scale) => begin(pair, scale, stalledIn(scale)) }
}

async function begin(pair: Pair, { besideStalled: scale }: Scale, stalled: number): Promise<Turns> {
  const { clients, rate, warmUp, events } = scale
  const ofTurns: Latencies[] = []
  await pair.connectStalled({ path: '/events', count: stalled })
  await fill(pair, stalled)
  await pair.connectTimed(clients)
  await pair.publishPaced({ count: warmUp, rate, bytes: 100 })
  await pair.latencies()
  return {
    async take() {
      await pair.publishPaced({ count: events, rate, bytes: 100 })
      await assertStalled(pair, stalled, clients)
      ofTurns.push(await pair.latencies())
    },
    // Not of all events together: what else the machine did in one second of eight would be all that is seen.
    figures: () => ({
      p99: spread(ofTurns.map(({ p99 }) => p99)).median,
      median: spread(ofTurns.map(({ median }) => median)).median,
    }),
  }
}

/** Publishes until what is written to those who read nothing fits nowhere any more. */
async function fill(pair: Pair, stalled: number): Promise<void> {
  for (let n = 0; n < MOST_FILLERS; n++) {
    await pair.publish({ turns: 1, perTurn: 1, bytes: 1_000_000 })
    if ((await pair.audience()).lagging === stalled) return
  }
  throw new Error(`not all of ${stalled} clients have stalled`)
}

/** Whoever has been cut does not count as stalled. */
async function assertStalled(pair: Pair, stalled: number, reading: number): Promise<void> {
  const { connections, lagging } = await pair.audience()
  if (connections === stalled + reading && lagging === stalled) return
  throw new Error(
    `of ${stalled} stalled clients and ${reading} others ${connections} are there, ${lagging} of them lagging`,
  )
}
