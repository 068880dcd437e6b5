import type { Bar, Figures } from '../measurements/measurement.ts'
import type { Result } from './rounds.ts'
import { type Spread, spread } from './statistics.ts'

/** How a bar was met. */
export interface Verdict {
  readonly bar: Bar
  readonly measured: Spread | undefined
  /** `unmeasured`: one of the two has no such figure in any round. */
  readonly outcome: 'pass' | 'miss' | 'unmeasured'
}

/** Holds the results against a bar. Ratios and differences are those of each round, not of the medians. */
export function judge(bar: Bar, results: readonly Result[]): Verdict {
  const values = compared(bar, results)
  if (values.length === 0) return { bar, measured: undefined, outcome: 'unmeasured' }
  const measured = spread(values)
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY, everyRound = false } = bar
  const [most, least] = everyRound ? [measured.max, measured.min] : [measured.median, measured.median]
  return { bar, measured, outcome: most <= atMost && least >= atLeast ? 'pass' : 'miss' }
}

/** One value for each round in which all that it takes was measured. */
export function compared(
  { metric, of, against }: Omit<Bar, 'atMost' | 'atLeast'>,
  results: readonly Result[],
): number[] {
  const own = roundsOf(of, results)
  const other = against === undefined ? undefined : roundsOf(against.contestant, results)
  const values = own.map((figures, round) => {
    const value = figures[metric]
    if (other === undefined || value === undefined) return value
    const base = other[round]?.[metric]
    if (base === undefined) return undefined
    return against?.by === 'difference' ? value - base : value / base
  })
  return values.filter((value) => value !== undefined)
}

function roundsOf(name: string, results: readonly Result[]): readonly Figures[] {
  return results.find(({ contestant }) => contestant.name === name)?.rounds ?? []
}
