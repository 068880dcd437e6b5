import { Random } from '@sse/tooling/random'

/** The engines there are. */
export const ENGINES = ['redis', 'nats'] as const
export type EngineName = (typeof ENGINES)[number]

/** What may go wrong, with how long it lasts, in milliseconds. */
export type Fault =
  | { readonly kind: 'node killed' | 'node frozen'; readonly node: number; readonly for: number }
  | { readonly kind: 'connections cut'; readonly node: number }
  /** What the engine answers does not arrive; then the connections are cut. */
  | { readonly kind: 'answers lost'; readonly node: number; readonly for: number }
  /** `CLIENT KILL`, of all. */
  | { readonly kind: 'clients killed' }
  | { readonly kind: 'engine frozen' | 'engine restarted' | 'engine killed'; readonly for: number }
  /** The oldest entries are removed, but so many. */
  | { readonly kind: 'log trimmed'; readonly keep: number }
  | { readonly kind: 'log flushed' | 'log deleted' | 'log recreated' }

export type FaultKind = Fault['kind']

const NODE_FAULTS: readonly FaultKind[] = ['node killed', 'node frozen', 'connections cut', 'answers lost']

/** What can happen to a log in each engine. A list is gone through in turn from seed to seed, so that each comes soon. */
const ENGINE_FAULTS: Readonly<Record<EngineName, readonly FaultKind[]>> = {
  redis: [
    'log flushed',
    'engine frozen',
    'engine restarted',
    'log trimmed',
    'clients killed',
    'engine killed',
    'log deleted',
  ],
  nats: ['log deleted', 'engine frozen', 'engine restarted', 'log trimmed', 'log recreated', 'engine killed'],
}

/** All kinds of faults that an engine's runs must have had. */
export function faultKinds(engine: EngineName): readonly FaultKind[] {
  return [...NODE_FAULTS, ...ENGINE_FAULTS[engine]]
}

/** Something that is done at its time, in milliseconds from the beginning of the run. */
export type Step = { readonly at: number } & (
  | { readonly act: 'publish'; readonly node: number; readonly events: readonly Draft[] }
  /** The client leaves, after a number of bytes more, and comes again at another node after a while. */
  | {
      readonly act: 'hop'
      readonly client: number
      readonly node: number
      readonly bytes: number
      readonly away: number
    }
  /** The client takes nothing for a while. */
  | { readonly act: 'pause'; readonly client: number; readonly for: number }
  | { readonly act: 'fault'; readonly fault: Fault }
)

/** An event to be published. */
export interface Draft {
  readonly topic: string
  readonly size: number
}

/** A client to be. */
export interface ClientPlan {
  readonly topics: readonly string[]
  readonly replay: 'none' | 'all' | number
}

/** What a run is made of. All of it follows from its seed; what real time makes of it does not. */
export interface Plan {
  readonly seed: number
  readonly engine: EngineName
  readonly nodes: number
  /** How many events the ring of a node holds, and how many the engine keeps. */
  readonly ring: number
  readonly retention: number
  /** Redis: whether a restarted engine is believed. */
  readonly failover: 'gap' | 'trust'
  /** Whether a restarted engine has what it had, and whether what it acknowledged was on disk. */
  readonly storage: 'memory' | 'file' | 'file, always'
  readonly publishTimeout: number | false
  readonly probeInterval: number
  readonly lag: 'disconnect' | 'skip'
  readonly clients: readonly ClientPlan[]
  readonly steps: readonly Step[]
}

/** What a plan can be asked for. */
export interface PlanWishes {
  /** These faults and no others, each of them twice. */
  readonly faults?: readonly FaultKind[] | undefined
  readonly ring?: number | undefined
  readonly publishTimeout?: number | undefined
  /** How long things are done, in milliseconds. */
  readonly length?: number | undefined
}

/** What events are published to. */
export const TOPICS = ['a/1', 'a/2', 'b/1', 'b/2', 'c'] as const

const CHOICES: readonly (readonly string[])[] = [['**'], ['a/*'], ['b/1'], ['a/1', 'b/*'], ['c', 'a/2'], ['*/2']]

/** Draws a plan. */
export function drawPlan(seed: number, engine: EngineName, wishes: PlanWishes = {}): Plan {
  const random = new Random(seed, ENGINES.indexOf(engine))
  const nodes = random.int(3, 4)
  const drawnRing = random.size(24, 400)
  const ring = wishes.ring ?? drawnRing
  const failover = engine === 'redis' && random.chance(0.3) ? 'trust' : 'gap'
  const storage = failover === 'trust' ? 'file, always' : random.pick(['memory', 'file', 'file, always'] as const)
  const clients = Array.from({ length: random.int(5, 9) }, (_, index) => drawClient(random, index))
  const drawnLength = random.int(2_500, 4_000)
  const length = wishes.length ?? drawnLength
  const sizes = drawSizes(random)
  const steps = [
    ...drawPublishes(random, { nodes, length, sizes }),
    ...clients.flatMap((_, client) => drawMoves(random, { client, nodes, length })),
    ...drawFaults(random, { seed, engine, nodes, length, ring, wishes }),
  ].sort((a, b) => a.at - b.at)
  // A NATS server (2.9) may still remove the files of a stream that it was told to delete when the next has its own there.
  const mustBeInMemory = engine === 'nats' && steps.some((step) => step.act === 'fault' && isRemoval(step.fault))
  return {
    seed,
    engine,
    nodes,
    ring,
    retention: ring * random.int(1, 3),
    failover,
    storage: mustBeInMemory ? 'memory' : storage,
    publishTimeout: wishes.publishTimeout ?? random.pick([600, 1_500, false]),
    probeInterval: random.pick([150, 400]),
    lag: random.chance(0.3) ? 'skip' : 'disconnect',
    clients,
    steps,
  }
}

/** Whether the log may begin a new epoch after a fault. */
export function isReset(fault: Fault, { engine, failover, storage }: Plan): boolean {
  const { kind } = fault
  if (isRemoval(fault)) return true
  if (kind !== 'engine restarted' && kind !== 'engine killed') return false
  return storage === 'memory' || (engine === 'redis' && failover === 'gap')
}

function isRemoval({ kind }: Fault): boolean {
  return kind === 'log flushed' || kind === 'log deleted' || kind === 'log recreated'
}

function drawClient(random: Random, index: number): ClientPlan {
  // The first sees everything.
  const topics = index === 0 ? ['**'] : random.pick(CHOICES)
  return { topics, replay: random.pick(['none', 'none', 'all', 5] as const) }
}

type Sizes = readonly (readonly [readonly [number, number], number])[]

function drawSizes(random: Random): Sizes {
  return [
    [[0, 60], 10],
    [[60, 2_000], random.int(0, 4)],
    // Enough for a client that pauses to fill what the kernel holds for it.
    [[10_000, 60_000], random.chance(0.25) ? 8 : 0],
  ]
}

function drawPublishes(
  random: Random,
  { nodes, length, sizes }: { readonly nodes: number; readonly length: number; readonly sizes: Sizes },
): Step[] {
  const steps: Step[] = []
  for (let at = 0; at < length; at += random.int(2, 40)) {
    const count = random.weighted([
      [1, 10],
      [random.int(2, 8), 5],
      [random.int(20, 120), 1],
    ])
    const draft = (): Draft => ({ topic: random.pick(TOPICS), size: random.int(...random.weighted(sizes)) })
    steps.push({ at, act: 'publish', node: random.int(0, nodes - 1), events: Array.from({ length: count }, draft) })
  }
  return steps
}

function drawMoves(
  random: Random,
  { client, nodes, length }: { readonly client: number; readonly nodes: number; readonly length: number },
): Step[] {
  const steps: Step[] = []
  const pace = random.size(150, 1_500)
  for (let at = random.int(0, pace); at < length; at += random.int(Math.ceil(pace / 4), pace * 2)) {
    if (random.chance(0.15)) {
      steps.push({ at, act: 'pause', client, for: random.int(200, 1_500) })
      continue
    }
    const bytes = random.chance(0.5) ? random.int(0, 2_000) : 0
    const away = random.chance(0.7) ? random.int(0, 60) : random.int(100, 1_500)
    steps.push({ at, act: 'hop', client, node: random.int(0, nodes - 1), bytes, away })
  }
  return steps
}

interface FaultsAsked {
  readonly seed: number
  readonly engine: EngineName
  readonly nodes: number
  readonly length: number
  readonly ring: number
  readonly wishes: PlanWishes
}

function drawFaults(random: Random, { seed, engine, nodes, length, ring, wishes }: FaultsAsked): Step[] {
  const kinds = wishes.faults === undefined ? drawKinds(random, seed, engine) : [...wishes.faults, ...wishes.faults]
  return kinds.map((kind): Step => {
    const at = random.int(length * 0.1, length * 0.9)
    return { at, act: 'fault', fault: drawFault(random, kind, { nodes, ring }) }
  })
}

/** The next of each list, and some more. */
function drawKinds(random: Random, seed: number, engine: EngineName): FaultKind[] {
  const ofEngine = ENGINE_FAULTS[engine]
  const next = <T>(list: readonly T[]): T[] => list.slice(seed % list.length).slice(0, 1)
  const more = <T>(list: readonly T[], most: number): T[] =>
    Array.from({ length: random.int(0, most) }, () => random.pick(list))
  return [...next(NODE_FAULTS), ...more(NODE_FAULTS, 3), ...next(ofEngine), ...more(ofEngine, 2)]
}

function drawFault(
  random: Random,
  kind: FaultKind,
  { nodes, ring }: { readonly nodes: number; readonly ring: number },
): Fault {
  const node = random.int(0, nodes - 1)
  switch (kind) {
    case 'node killed':
      return { kind, node, for: random.int(0, 800) }
    case 'node frozen':
      return { kind, node, for: random.int(100, 1_200) }
    case 'answers lost':
      return { kind, node, for: random.int(10, 800) }
    case 'connections cut':
      return { kind, node }
    case 'engine frozen':
      return { kind, for: random.int(100, 1_800) }
    case 'engine restarted':
    case 'engine killed':
      return { kind, for: random.int(0, 700) }
    case 'log trimmed':
      return { kind, keep: random.int(1, ring) }
    default:
      return { kind }
  }
}
