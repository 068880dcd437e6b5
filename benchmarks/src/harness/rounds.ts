import type { Contestant, Figures, Measurement } from '../measurements/measurement.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'
import type { InstructionCounter } from './instructions.ts'
import { Pair } from './pair.ts'
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
  /** Peers that cannot be measured, and why. */
  readonly broken?: ReadonlyMap<PeerName, string>
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
    (contestant): Result => ({ contestant, rounds: [], failure: broken?.get(contestant.peer) }),
  )
  for (let round = 0; round < scale.rounds; round++) {
    for (const result of rotated(results, round)) {
      if (result.failure === undefined) await measureOnce(measurement, result, conditions)
    }
  }
  return results
}

async function measureOnce({ name, metrics }: Measurement, result: Result, conditions: Conditions): Promise<void> {
  const { scale, counter, onProgress } = conditions
  const { contestant, rounds } = result
  const line = `${name} ${rounds.length + 1}/${scale.rounds} ${contestant.name}`
  try {
    await using pair = new Pair(contestant.peer, counter)
    const figures = await contestant.measure(pair, scale)
    rounds.push(figures)
    const shown = metrics.map(({ key, digits }) => figures[key]?.toFixed(digits)).filter((text) => text !== undefined)
    onProgress(`${line}: ${shown.join(' · ')}`)
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error)
    onProgress(`${line}: failed: ${result.failure}`)
  }
}
