import { setTimeout as pause } from 'node:timers/promises'
import type { ClientsOffer, Seen } from './drain-clients.ts'
import type { PublisherOffer } from './drain-publisher.ts'
import { type Exit, NodeProcess } from './node-process.ts'
import { inEachSecond, mostInASecond } from './rate.ts'
import { startRemote } from './remote.ts'
import { type EngineName, startEngine } from './shared-log.ts'

/** What can become of a node with clients, and where these can go. */
export const SCENARIOS = {
  rolling: 'another node; who sends clients to nodes knows that this one ends',
  unaware: 'another node; every second attempt still goes to this one, as long as it listens',
  single: 'nowhere else: the node is started again after it has ended',
  stalled: 'as `rolling`, and one client of five takes nothing any more',
} as const

export type ScenarioName = keyof typeof SCENARIOS

export function isScenario(name: string | undefined): name is ScenarioName {
  return name !== undefined && Object.hasOwn(SCENARIOS, name)
}

/** A node with clients that is told to end while events are published. */
export interface Drill {
  readonly scenario: ScenarioName
  readonly engine: EngineName
  /** One of `SERVERS`. */
  readonly server: string
  readonly clients: number
  /** In milliseconds. */
  readonly window: number
  /** When clients come back, as an option of the hub has it: in milliseconds. */
  readonly retry: { readonly min: number; readonly max: number }
  /** Events per second. */
  readonly rate: number
  /** How long the node is away in `single`, in milliseconds from its end. */
  readonly down: number
}

/** What came of it. */
export interface Drained extends Drill {
  readonly published: number
  /** Connections that were made from the signal on: in all, in each second, and the most within any second. */
  readonly connects: number
  readonly inEachSecond: readonly number[]
  readonly most: number
  readonly seen: Omit<Seen, 'connects'>
  /** Clients that took nothing when the signal came, as the node has seen it. */
  readonly stalled: number
  readonly exit: Exit
}

/** A process that has not ended so long after its window never will, in milliseconds. */
const PATIENCE = 60_000

/** Runs a drill, each of its parts in a process of its own. */
export async function runDrill(drill: Drill): Promise<Drained> {
  const { scenario, clients: count, window, retry, rate, down } = drill
  await using stack = new AsyncDisposableStack()
  const engine = await startEngine(drill.engine)
  stack.defer(() => engine.stop())
  const startNode = async (): Promise<NodeProcess> => stack.use(await NodeProcess.start(drill, engine.url))
  const [leaving, other] = await Promise.all([startNode(), startNode()])
  const publisher = stack.use(startRemote<PublisherOffer>(new URL('drain-publisher.ts', import.meta.url), [engine.url]))
  const clients = stack.use(startRemote<ClientsOffer>(new URL('drain-clients.ts', import.meta.url)))

  await publisher.call('start', rate)
  await clients.call('find', [leaving.port])
  await clients.call('join', count)
  if (scenario === 'stalled') {
    await clients.call('stall', count / 5)
    // More than the kernel takes for a client that does not read: some 4.5 MB.
    for (let n = 0; n < 60; n++) await clients.call('reach', await publisher.call('fill', 100_000))
  }
  await clients.call('forget')
  await clients.call('find', portsMeanwhile(scenario, leaving, other))
  const began = performance.timeOrigin + performance.now()
  const { stalled, exit: ending } = await leaving.end()
  const exit = await Promise.race([ending, pause(window + PATIENCE, { code: null, signal: null, took: Infinity })])
  if (scenario === 'single') await pause(down)
  const again = await startNode()
  await clients.call('find', scenario === 'single' ? [again.port] : [other.port, again.port])
  if (scenario === 'stalled') await clients.call('resume')
  // Events go on until the last of those that were let go is back.
  await pause(Math.max(0, began + window + retry.max - performance.timeOrigin - performance.now()))
  const published = await publisher.call('stop')
  const { connects, ...seen } = await clients.call('settle', published, 60_000)
  return {
    ...drill,
    published,
    connects: connects.length,
    inEachSecond: inEachSecond(connects, began),
    most: mostInASecond(connects),
    seen,
    stalled,
    exit,
  }
}

function portsMeanwhile(scenario: ScenarioName, leaving: NodeProcess, other: NodeProcess): readonly number[] {
  if (scenario === 'single') return [leaving.port]
  return scenario === 'unaware' ? [leaving.port, other.port] : [other.port]
}

/** The most connections that may be made within a second. */
export function bar({ clients, window }: Drill): number {
  return (1.5 * clients * 1_000) / window
}

/** Which bars were missed; none if all is well. */
export function missed(drained: Drained): string[] {
  const { most, seen, exit, window, stalled, scenario, clients } = drained
  const { lost, repeated, gaps, failed, firstFailure } = seen
  const checks: readonly (readonly [boolean, string])[] = [
    [most <= bar(drained), `${most} connections within a second, at most ${bar(drained)} may be`],
    [lost === 0, `${lost} events were lost`],
    [repeated === 0, `${repeated} events came again`],
    [gaps === 0, `${gaps} gaps were told of`],
    [failed === 0, `${failed} clients were turned away for good: ${firstFailure}`],
    [drained.connects >= clients, `${drained.connects} connections of ${clients} clients: not everyone was let go`],
    [exit.code === 0, `the process ended with ${exit.code ?? exit.signal}`],
    [exit.took <= window + 2_000, `the process ended ${Math.round(exit.took - window)} ms after the window`],
    [scenario !== 'stalled' || stalled > 0, 'nobody was stalled when the signal came'],
  ]
  return checks.filter(([isMet]) => !isMet).map(([, told]) => told)
}
