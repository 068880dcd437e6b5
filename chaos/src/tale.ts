import type { Violation } from './check.ts'
import type { History, Sight } from './history.ts'

/** So many of the last things that a client saw are told of one that a rule was broken for. */
const TOLD_SIGHTS = 400

/** What happened in a run, in lines. */
export class Tale {
  readonly lines: string[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  tell(text: string): void {
    this.lines.push(`${stamp(this.#now())} ${text}`)
  }

  /** What the clients saw for whom a rule was broken, in short. */
  seen({ trails }: History, violations: readonly Violation[]): string[] {
    return trails
      .filter(({ client }) => violations.some(({ message }) => message.startsWith(`${client}:`)))
      .flatMap(({ client, topics, seen }) => [
        `${client} (${topics.join(' ')}) saw:`,
        ...seen.slice(-TOLD_SIGHTS).map((sight) => `  ${stamp(sight.at)} ${textOf(sight)}`),
      ])
  }
}

function textOf(sight: Sight): string {
  switch (sight.kind) {
    case 'request':
      return `-> ${sight.node}, ${sight.id ?? 'without an id'}`
    case 'event':
      return `#${sight.serial} at ${sight.id}`
    case 'id':
      return `id ${sight.id}`
    case 'gap':
      return `gap: ${sight.reason} from ${sight.from} to ${sight.to}`
  }
}

function stamp(milliseconds: number): string {
  return milliseconds.toFixed().padStart(6)
}
