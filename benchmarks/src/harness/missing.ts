import { engineOf } from '../engines/registry.ts'
import type { EngineName } from '../engines/subject.ts'
import type { Contestant, Measurement } from '../measurements/measurement.ts'

/** What of the measurements this machine can do. */
export interface Possible {
  readonly measurements: readonly Measurement[]
  /** Which engines are left out, and why. */
  readonly leftOut: readonly string[]
}

/**
 * The measurements without those who need an engine that is not installed, and without the bars that name one of them.
 *
 * @param whyMissing why an engine is not there, if it is not.
 */
export function withoutMissing(
  measurements: readonly Measurement[],
  whyMissing: (engine: EngineName) => string | undefined,
): Possible {
  const leftOut = new Map<EngineName, string>()
  const isThere = (contestant: Contestant) => {
    if ('peer' in contestant) return true
    const engine = engineOf(contestant.subject)
    const reason = whyMissing(engine)
    if (reason !== undefined) leftOut.set(engine, `${engine}: ${reason}`)
    return reason === undefined
  }
  const possible = measurements.map((measurement) => {
    const contestants = measurement.contestants.filter(isThere)
    const names = new Set(contestants.map(({ name }) => name))
    const bars = measurement.bars.filter(({ of, against }) => names.has(of) && names.has(against?.contestant ?? of))
    return { ...measurement, contestants, bars }
  })
  return { measurements: possible.filter(({ contestants }) => contestants.length > 0), leftOut: [...leftOut.values()] }
}
