import { placeOf, type Sight, type Trail } from './history.ts'
import { type EngineName, faultKinds } from './plan.ts'
import type { Run } from './run.ts'

/** So many seeds of an engine, and each kind of fault must have occurred. */
const SEEDS_FOR_ALL_FAULTS = 14

/** What the runs of one engine did, added up. */
export class Tally {
  readonly engine: EngineName
  seeds = 0
  readonly failed: number[] = []
  readonly #counts = new Map<string, number>()
  readonly #faults = new Map<string, number>()
  readonly #gaps = new Map<string, number>()
  readonly #violations = new Map<string, number>()

  constructor(engine: EngineName) {
    this.engine = engine
  }

  add({ plan, history, faults, violations, late }: Run): void {
    this.seeds++
    if (violations.length > 0) this.failed.push(plan.seed)
    for (const { kind } of faults) count(this.#faults, kind)
    for (const { rule } of violations) count(this.#violations, rule)
    count(this.#counts, 'publishes', history.publishes.length)
    count(this.#counts, 'accepted', history.publishes.filter(({ id }) => id !== undefined).length)
    count(this.#counts, 'answered with an id of the epoch before', late)
    count(this.#counts, 'resets', history.resets.length)
    for (const trail of history.trails) this.#addTrail(trail, (serial) => history.publishes[serial]?.at ?? 0)
  }

  /** A run that did nothing proves nothing: what these lacked. */
  get lacks(): string[] {
    const lacks = ['deliveries', 'resumes', 'resumes elsewhere', 'replayed'].filter((what) => !this.#counts.has(what))
    if (this.#counts.has('resets') && this.#gaps.size === 0) lacks.push('gaps')
    if (this.seeds < SEEDS_FOR_ALL_FAULTS) return lacks
    return [...lacks, ...faultKinds(this.engine).filter((kind) => !this.#faults.has(kind))]
  }

  /** A table for people. */
  get lines(): string[] {
    return [
      `${this.engine}: ${this.seeds} seeds`,
      `  ${textOf(this.#counts)}`,
      `  faults: ${textOf(this.#faults)}`,
      `  gaps: ${textOf(this.#gaps)}`,
      `  violations: ${this.#violations.size === 0 ? 'none' : textOf(this.#violations)}`,
    ]
  }

  #addTrail({ seen }: Trail, publishedAt: (serial: number) => number): void {
    let request: (Sight & { kind: 'request' }) | undefined
    for (const sight of seen) {
      if (sight.kind === 'request') {
        const isResume = sight.id !== undefined && placeOf(sight.id) !== undefined
        if (isResume) count(this.#counts, 'resumes')
        if (isResume && request !== undefined && request.node !== sight.node) count(this.#counts, 'resumes elsewhere')
        request = sight
      } else if (sight.kind === 'gap') count(this.#gaps, sight.reason)
      else if (sight.kind === 'event') {
        count(this.#counts, 'deliveries')
        const isReplayed = request?.id !== undefined && publishedAt(sight.serial) < request.at
        if (isReplayed) count(this.#counts, 'replayed')
      }
    }
  }
}

function count(counts: Map<string, number>, what: string, times: number = 1): void {
  if (times > 0) counts.set(what, (counts.get(what) ?? 0) + times)
}

function textOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, times]) => `${what} ${times.toLocaleString('en')}`).join(', ') || 'none'
}
