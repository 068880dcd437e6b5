import { median } from '@sse/tooling/median'
import type { Sample } from './soak-server.ts'

/** What a soak has seen: nobody there, then clients that come and go, then nobody. */
export interface Soak {
  readonly start: Sample
  readonly churn: readonly Sample[]
  readonly end: Sample
}

/** How much may be more at the end of what is judged than at its beginning: a share of it, and so many MB besides. */
interface Tolerance {
  readonly share: number
  readonly mb: number
}

/** What must not grow, and how it is judged. */
const MEMORY: readonly (readonly [key: 'heapMB' | 'externalMB' | 'rssMB', name: string, tolerance: Tolerance])[] = [
  ['heapMB', 'the heap', { share: 0.03, mb: 1 }],
  ['externalMB', 'buffers', { share: 0.1, mb: 3 }],
  ['rssMB', 'resident memory', { share: 0.1, mb: 10 }],
]

/** Whether something has grown. */
export interface Judgement {
  readonly what: string
  readonly found: string
  readonly allowed: string
  readonly isFine: boolean
}

/**
 * The slope of points as Theil and Sen have it: the median of the slopes between any two. A third of the points may lie
 * anywhere without changing it much.
 */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], n) =>
    points.slice(n + 1).flatMap(([x2, y2]) => (x2 === x ? [] : [(y2 - y) / (x2 - x)])),
  )
  return slopes.length === 0 ? 0 : median(slopes)
}

/** An open connection has at most so much, in MB. */
const MOST_OF_A_CONNECTION = 0.04

/** So many connections more or fewer between two samples show what they cost. */
const NOTABLE_CHANGE = 10

/** What an open connection takes, in MB: by what changes from one sample to the next, between which little is kept. */
function costOfEach(samples: readonly Sample[], key: 'heapMB' | 'externalMB' | 'rssMB'): number {
  const costs = samples.slice(1).flatMap((sample, n) => {
    const before = samples[n] ?? sample
    const change = sample.connections - before.connections
    return Math.abs(change) < NOTABLE_CHANGE ? [] : [(sample[key] - before[key]) / change]
  })
  return costs.length === 0 ? 0 : Math.min(MOST_OF_A_CONNECTION, Math.max(0, median(costs)))
}

/**
 * Judges a soak: the slopes over the last two thirds of the churn, and what is left when everyone has gone.
 *
 * How many are connected when a sample is taken is chance, and says nothing of what is kept: what each of them costs, by the
 * samples themselves, is taken off first.
 */
export function judge({ start, churn, end }: Soak): Judgement[] {
  const judged = churn.slice(Math.floor(churn.length / 3))
  const seconds = (judged.at(-1)?.at ?? 0) - (judged.at(0)?.at ?? 0)
  const slopes = MEMORY.map(([key, name, tolerance]) => {
    const each = costOfEach(judged, key)
    const growth = slope(judged.map((one): [number, number] => [one.at, one[key] - each * one.connections])) * seconds
    const from = median(judged.map((one) => one[key]))
    return grown(`${name}, over the last ${seconds} s of the churn`, growth, from, tolerance)
  })
  const lefts = MEMORY.filter(([key]) => key !== 'rssMB').map(([key, name, tolerance]) =>
    grown(`${name}, when everyone had gone`, end[key] - start[key], start[key], tolerance),
  )
  const live = (['connections', 'lagging', 'handles'] as const).map((key) => left(key, start[key], end[key]))
  return [...slopes, ...lefts, ...live, left('errors', 0, end.errors)]
}

function grown(what: string, by: number, from: number, { share, mb }: Tolerance): Judgement {
  const most = from * share + mb
  return { what, found: `${by.toFixed(2)} MB more`, allowed: `${most.toFixed(2)} MB`, isFine: by <= most }
}

function left(what: string, before: number, after: number): Judgement {
  return {
    what: `${what}, when everyone had gone`,
    found: String(after),
    allowed: String(before),
    isFine: after <= before,
  }
}
