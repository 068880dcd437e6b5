import type { SubjectName } from '../engines/registry.ts'
import type { Pair } from '../harness/pair.ts'
import type { Site } from '../harness/site.ts'
import type { PeerName } from '../peers/registry.ts'
import type { Scale } from '../scale.ts'

/** One column of a measurement's table. */
export interface Metric {
  /** What it is called in figures and bars. */
  readonly key: string
  /** What it is called in the table, unit included. */
  readonly label: string
  readonly digits: number
  /** Whether it stands in the summary; default the first of a measurement. */
  readonly isInSummary?: boolean
}

/** A metric's key to its value in one round. What could not be measured is left out. */
export type Figures = { readonly [metric: string]: number }

/** Who is measured, on fresh processes in every round. */
export type Contestant = PeerContestant | TurnContestant | EngineContestant

/** A server and its clients. */
export interface PeerContestant {
  /** In the table; unique within a measurement. */
  readonly name: string
  readonly peer: PeerName
  measure(pair: Pair, scale: Scale): Promise<Figures>
}

/**
 * A server and its clients, measured a bit at a time: those of a round are all there at once, and take turns. For
 * differences that are smaller than what a busy machine does to one contestant for some seconds.
 */
export interface TurnContestant {
  /** In the table; unique within a measurement. */
  readonly name: string
  readonly peer: PeerName
  /** Does everything that comes before the first turn. */
  begin(pair: Pair, scale: Scale): Promise<Turns>
}

/** What one contestant does in each of its turns, and what came of them all. */
export interface Turns {
  take(): Promise<void>
  figures(): Figures | Promise<Figures>
}

/** An engine and what uses it. */
export interface EngineContestant {
  /** In the table; unique within a measurement. */
  readonly name: string
  readonly subject: SubjectName
  measure(site: Site, scale: Scale): Promise<Figures>
}

/**
 * What a measurement must reach. It is judged by the median of the rounds, a ratio or difference by the median of
 * those of each round; with `everyRound` by the worst.
 */
export interface Bar {
  readonly metric: string
  /** The contestant that must reach it. */
  readonly of: string
  /** Whom it is compared with; without it, the figure itself is judged. */
  readonly against?: { readonly contestant: string; readonly by: 'ratio' | 'difference' }
  readonly atMost?: number
  readonly atLeast?: number
  readonly everyRound?: boolean
}

/** One table of the report. */
export interface Measurement {
  readonly name: string
  readonly title: (scale: Scale) => string
  /** How many rounds it takes, where that is not the number of the run. */
  readonly rounds?: (scale: Scale) => number
  /** How many turns each contestant has in a round, where they take turns. */
  readonly turns?: (scale: Scale) => number
  readonly metrics: readonly Metric[]
  readonly contestants: readonly Contestant[]
  readonly bars: readonly Bar[]
}
