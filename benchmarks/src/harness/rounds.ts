import type { SubjectName } from '../engines/registry.ts'
import type {
  Contestant,
  EngineContestant,
  Figures,
  Measurement,
  PeerContestant,
  TurnContestant,
  Turns,
} from '../measurements/measurement.ts'
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
  const taken = roundsOf(measurement, scale)
  for (let round = 0; round < taken; round++) {
    await new Round(measurement, conditions, round).measure(working(rotated(results, round)))
  }
  return results
}

/** How many rounds a measurement takes. */
export function roundsOf({ rounds }: Measurement, scale: Scale): number {
  return rounds?.(scale) ?? scale.rounds
}

/** The peer or subject behind a contestant. */
export function measuredBy(contestant: Contestant): PeerName | SubjectName {
  return 'peer' in contestant ? contestant.peer : contestant.subject
}

function working(results: readonly Result[]): Result[] {
  return results.filter(({ failure }) => failure === undefined)
}

class Round {
  readonly #measurement: Measurement
  readonly #conditions: Conditions
  readonly #round: number

  constructor(measurement: Measurement, conditions: Conditions, round: number) {
    this.#measurement = measurement
    this.#conditions = conditions
    this.#round = round
  }

  /** Those who do not take turns one after the other; those who do all at once. */
  async measure(results: readonly Result[]): Promise<void> {
    await using running = new AsyncDisposableStack()
    const turns = new Map<Result, Turns>()
    for (const result of results) {
      await this.#attempt(result, async () => {
        const { contestant } = result
        if ('begin' in contestant) turns.set(result, await this.#begin(contestant, running))
        else this.#found(result, await this.#figuresOf(contestant))
      })
    }
    await this.#takeTurns(turns)
  }

  /** In an order that is turned round each time, AB BA AB BA: what drifts meets all of them alike. */
  async #takeTurns(turns: ReadonlyMap<Result, Turns>): Promise<void> {
    const { turns: count } = this.#measurement
    for (let turn = 0; turn < (count?.(this.#conditions.scale) ?? 0); turn++) {
      const results = working([...turns.keys()])
      for (const result of turn % 2 === 0 ? results : results.toReversed()) {
        await this.#attempt(result, () => turns.get(result)?.take())
      }
    }
    for (const result of working([...turns.keys()])) {
      await this.#attempt(result, async () => this.#found(result, (await turns.get(result)?.figures()) ?? {}))
    }
  }

  #begin({ peer, begin }: TurnContestant, running: AsyncDisposableStack): Promise<Turns> {
    const { scale, counter } = this.#conditions
    return begin(running.use(new Pair(peer, counter)), scale)
  }

  async #figuresOf(contestant: PeerContestant | EngineContestant): Promise<Figures> {
    const { scale, counter } = this.#conditions
    if ('peer' in contestant) {
      await using pair = new Pair(contestant.peer, counter)
      return await contestant.measure(pair, scale)
    }
    await using site = await Site.open(contestant.subject)
    return await contestant.measure(site, scale)
  }

  #found(result: Result, found: Figures): void {
    const figures = known(found)
    result.rounds.push(figures)
    const shown = this.#measurement.metrics
      .map(({ key, digits }) => figures[key]?.toFixed(digits))
      .filter((text) => text !== undefined)
    this.#say(result, shown.join(' · '))
  }

  async #attempt(result: Result, step: () => Promise<void> | undefined): Promise<void> {
    try {
      await step()
    } catch (error) {
      result.failure = error instanceof Error ? error.message : String(error)
      this.#say(result, `failed: ${result.failure}`)
    }
  }

  #say({ contestant }: Result, what: string): void {
    const { name } = this.#measurement
    const rounds = roundsOf(this.#measurement, this.#conditions.scale)
    this.#conditions.onProgress(`${name} ${this.#round + 1}/${rounds} ${contestant.name}: ${what}`)
  }
}

/** What this machine cannot measure is `NaN`, and left out. */
function known(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value)))
}
