import type { Random } from '@sse/tooling/random'
import type { Bounds } from './ring-model.ts'

/** What may happen in a run. */
export type Step =
  | 'publish'
  | 'burst'
  | 'awaited'
  | 'connect'
  | 'read'
  | 'drop'
  | 'reconnect'
  | 'turn'
  | 'time'
  | 'cut log'
  | 'restart log'
  | 'deliver'
  | 'snapshot'
  | 'revoke'
  | 'aside'
  | 'new reader'
  | 'use reader'

/** What a run is made of, drawn from its seed: each has its own mixture, so that rare things meet often in some. */
export interface Plan {
  readonly stations: number
  readonly interests: number
  /** How many choices of topics they have in common. */
  readonly choices: number
  readonly clients: number
  readonly steps: number
  readonly bounds: Bounds
  readonly heartbeat: number | false
  readonly hasCheckpoints: boolean
  /** Whether clients come over real sockets. */
  readonly isOnNode: boolean
  /** Whether the application has something to say to single clients. */
  readonly hasAsides: boolean
  readonly weights: readonly (readonly [Step, number])[]
  /** How long the data of an event may be, with how often. */
  readonly sizes: readonly (readonly [readonly [number, number], number])[]
  /** Streams that end are closed within a flush, and what is published then must wait for the next. */
  readonly isFullOfEnds: boolean
  /** How likely a subscription has a last event, and how often one is published. */
  readonly ends: number
  readonly lasts: number
  /** How likely a client reads whatever comes. */
  readonly eagerness: number
  readonly refusals: number
  readonly lostAnswers: number
  /** How likely a hub gets what is in the log only when told. */
  readonly deferral: number
  /** How many events the hub's callbacks may publish, in all. */
  readonly fromCallbacks: number
  /** How many events one callback publishes, at least and at most. */
  readonly perCallback: readonly [number, number]
}

/** Draws a plan. */
export function drawPlan(random: Random): Plan {
  const isOnNode = random.chance(0.15)
  const isFullOfEnds = random.chance(0.25)
  const hasAsides = random.chance(0.6)
  const bounds = {
    maxEvents: isFullOfEnds ? random.int(24, 100) : random.size(8, 200),
    maxBytes: isOnNode ? random.size(32_768, 262_144) : random.size(1_024, 1_048_576),
  }
  const some = (probability: number, weight: number): number => (random.chance(probability) ? weight : 0)
  return {
    stations: random.chance(0.3) ? 2 : 1,
    interests: random.int(2, 6),
    choices: random.int(1, 5),
    clients: random.int(2, 8),
    steps: random.int(150, 500),
    bounds,
    heartbeat: random.weighted<number | false>([
      [15_000, 3],
      [random.int(400, 4_000), 2],
      [false, 1],
    ]),
    hasCheckpoints: random.chance(0.85),
    isOnNode,
    hasAsides,
    weights: [
      ['publish', 20],
      ['burst', isFullOfEnds ? 1 : random.int(2, 12)],
      ['awaited', some(0.5, 5)],
      ['connect', isFullOfEnds ? 14 : 8],
      ['read', random.int(10, 30)],
      ['drop', isFullOfEnds ? 1 : random.int(2, 8)],
      ['reconnect', 12],
      ['turn', random.int(5, 25)],
      ['time', some(0.7, 4)],
      ['cut log', some(0.4, 3)],
      ['restart log', some(0.4, 1)],
      ['deliver', 6],
      ['snapshot', 6],
      ['revoke', some(0.3, 3)],
      ['aside', hasAsides ? 8 : 0],
      ['new reader', some(0.7, 3)],
      ['use reader', 6],
    ],
    sizes: [
      [[1, 40], 5],
      [[40, 400], random.int(0, 10)],
      [[400, 4_000], random.int(0, isOnNode ? 20 : 6)],
      [[4_000, 24_000], some(isOnNode ? 1 : 0.4, isOnNode ? 20 : 2)],
    ],
    isFullOfEnds,
    eagerness: isFullOfEnds ? 0.8 : random.next() * 0.5,
    ends: isFullOfEnds ? 0.6 : 0.1,
    lasts: isFullOfEnds ? 1.5 : 0.3,
    refusals: some(0.3, 0.05),
    lostAnswers: some(0.3, 0.05),
    deferral: some(0.3, 0.6),
    fromCallbacks: isFullOfEnds ? 2_000 : some(0.4, random.size(20, 1_000)),
    perCallback: isFullOfEnds ? [bounds.maxEvents, 2 * bounds.maxEvents] : [1, random.size(1, 3 * bounds.maxEvents)],
  }
}
