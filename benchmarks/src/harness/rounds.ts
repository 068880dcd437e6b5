import type { SubjectName } from '../engines/registry.ts'
import type { Contestant, Figures, Measurement } from '../measurements/measurement.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import type { InstructionCounter } from './instructions.ts'
import { Pair } from './pair.ts'
import { Site } from './site.ts'
import { rotated } from './statistics.ts'

/** What one contestant did, round by round. */
export interface Result {
  readonly contestant: Contestant
  /** One for each round, unless it failed. */
  readonly rounds: Figures[]
  /** Why it was left out from some round on. */
  failure: string | undefined
}

/** How to measure. */
export interface Conditions {
  readonly scale: Scale
  readonly counter?: InstructionCounter | undefined
  /** Peers and subjects that cannot be measured, and why. */
  readonly broken?: ReadonlyMap<string, string>
  /** Told of each figure as it comes. */
  readonly onProgress: (line: string) => void
}

/**
 * Measures all contestants once in each round, in an order that rotates, each on fresh processes: what drifts on the
 * machine meets all of them alike. Who fails is left out of the rounds that follow.
 */
export async function measureInRounds(measurement: Measurement, conditions: Conditions): Promise<Result[]> {
  const { scale, broken } = conditions
  const results = measurement.contestants.map(
    (contestant): Result => ({ contestant, rounds: [], failure: broken?.get(measuredBy(contestant)) }),
  )
  for (let round = 0; round < roundsOf(measurement, scale); round++) {
    for (const result of rotated(results, round)) {
      if (result.failure === undefined) await measureOnce(measurement, result, conditions)
    }
  }
  return results
}

/** How many rounds a measurement takes. */
export function roundsOf({ rounds }: Measurement, scale: Scale): number {
  return Math.min(scale.rounds, rounds?.(scale) ?? Number.POSITIVE_INFINITY)
}

/** The peer or subject behind a contestant. */
export function measuredBy(contestant: Contestant): PeerName | SubjectName {
  return 'peer' in contestant ? contestant.peer : contestant.subject
}

async function measureOnce(measurement: Measurement, result: Result, conditions: Conditions): Promise<void> {
  const { scale, onProgress } = conditions
  const { name, metrics } = measurement
  const { contestant, rounds } = result
  const line = `${name} ${rounds.length + 1}/${roundsOf(measurement, scale)} ${contestant.name}`
  try {
    const figures = known(await figuresOf(contestant, conditions))
    rounds.push(figures)
    const shown = metrics.map(({ key, digits }) => figures[key]?.toFixed(digits)).filter((text) => text !== undefined)
    onProgress(`${line}: ${shown.join(' · ')}`)
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error)
    onProgress(`${line}: failed: ${result.failure}`)
  }
}

/** What this machine cannot measure is `NaN`, and left out. */
function known(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value)))
}

async function figuresOf(contestant: Contestant, { scale, counter }: Conditions): Promise<Figures> {
  if ('peer' in contestant) {
    await using pair = new Pair(contestant.peer, counter)
    return await contestant.measure(pair, scale)
  }
  await using site = await Site.open(contestant.subject)
  return await contestant.measure(site, scale)
}
