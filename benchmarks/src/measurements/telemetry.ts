import type { Cost, Pair } from '../harness/pair.ts'
import { spread } from '../harness/statistics.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import { perUnit, total } from './cpu.ts'
import type { Figures, Measurement, PeerContestant } from './measurement.ts'

/**
 * What metrics cost the fan-out. One process is measured with and without them, by turns: two processes that do the same
 * differ by more than what is looked for.
 */
export const telemetry: Measurement = {
  name: 'telemetry',
  title: ({ telemetry: { clients, turns, events } }) =>
    `${turns} times ${events} events of 100 bytes, each in its own turn of the event loop, to ${clients} clients of a hub ` +
    'while it is instrumented, and as many while it is not',
  rounds: ({ rounds }) => Math.ceil((rounds * 9) / 7),
  metrics: [
    { key: 'ratio', label: 'server CPU, instrumented ÷ not', digits: 3 },
    { key: 'cpu', label: 'per delivery, instrumented, µs', digits: 2 },
  ],
  contestants: [
    contestant('without an SDK', 'sse-core-otel'),
    contestant('collected each second', 'sse-core-otel-sdk'),
  ],
  bars: [{ metric: 'ratio', of: 'without an SDK', atMost: 1.02 }],
}

function contestant(name: string, peer: PeerName): PeerContestant {
  return { name, peer, measure }
}

async function measure(pair: Pair, { telemetry: { clients, warmUp, turns, events } }: Scale): Promise<Figures> {
  let published = 0
  const publish = async (count: number) => {
    published += count
    await pair.publish({ turns: count, perTurn: 1, bytes: 100 })
    await pair.receiveAll(clients, published)
  }
  const costWhile = async (instrumented: boolean) => {
    await (instrumented ? pair.instrument() : pair.uninstrument())
    return pair.cost(() => publish(events))
  }
  await pair.connect({ path: '/events', count: clients })
  await publish(warmUp)
  await costWhile(true)
  const pairs: { readonly on: Cost; readonly off: Cost }[] = []
  for (let turn = 0; turn < turns; turn++) {
    // What drifts meets both alike.
    const onFirst = turn % 2 === 0
    const [first, second] = [await costWhile(onFirst), await costWhile(!onFirst)]
    pairs.push(onFirst ? { on: first, off: second } : { on: second, off: first })
  }
  const ratio = spread(pairs.map(({ on, off }) => on.cpu / off.cpu)).median
  const { cpu } = perUnit(total(pairs.map(({ on }) => on)), clients * turns * events)
  return { ratio, cpu }
}
