import type { Random } from '@sse/tooling/random'
import type { Publication, SnapshotContext } from '../../src/index.ts'
import type { History, Place } from './history.ts'
import { keyOf } from './history.ts'
import type { Interest } from './interest.ts'

/** The name of the events of a snapshot. */
export const STATE = 'state'

/** What an event of a snapshot says: which one it is of which snapshot, and how many there are. */
export interface State {
  readonly call: number
  readonly index: number
  readonly count: number
  /** The newest event of one topic, name and key; the first has none, but makes the snapshot long. */
  readonly n: number | undefined
  readonly pad: string
}

/** What the application keeps: the newest event of each topic, name and key. Answers at once, or when it is told to. */
export class SnapshotDesk {
  readonly #history: History
  readonly #random: Random
  /** The newest place that each snapshot knows. */
  readonly #places: Place[] = []
  readonly #waiting: { readonly answer: () => void; readonly signal: AbortSignal }[] = []

  constructor(history: History, random: Random) {
    this.#history = history
    this.#random = random
  }

  /** The newest place that a snapshot knows. */
  placeOf(call: number): Place | undefined {
    return this.#places[call]
  }

  /** Takes a snapshot, as the hub asks for it. */
  take(interest: Interest, { signal }: SnapshotContext): Publication[] | Promise<Publication[]> {
    const call = this.#places.length
    this.#places.push(this.#here)
    const padding = this.#random.chance(0.5) ? this.#random.size(4_000, 80_000) : 0
    const kind = this.#random.weighted([
      ['at once', 2],
      ['as it was', 1],
      ['as it will be', 1],
    ])
    if (kind === 'at once') return this.#stateOf(call, interest, padding)
    return new Promise((resolve, reject) => {
      const early = kind === 'as it was' ? this.#stateOf(call, interest, padding) : undefined
      const answer = (): void => {
        if (early === undefined) this.#places[call] = this.#here
        resolve(early ?? this.#stateOf(call, interest, padding))
      }
      this.#waiting.push({ answer, signal })
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  }

  /** Answers one of those that wait. */
  answer(): void {
    if (this.#waiting.length === 0) return
    const [asked] = this.#waiting.splice(this.#random.int(0, this.#waiting.length - 1), 1)
    asked?.answer()
  }

  /** Answers all that wait. */
  answerAll(): void {
    while (this.#waiting.length > 0) this.answer()
  }

  get #here(): Place {
    const { current } = this.#history
    return { epoch: current, position: current.head }
  }

  #stateOf(call: number, interest: Interest, padding: number): Publication[] {
    const newest = new Map<string, number>()
    for (const epoch of this.#history.epochs) {
      for (const entry of epoch.between(0, epoch.head)) {
        if (interest.accepts(entry)) newest.set(keyOf(entry), entry.serial)
      }
    }
    const numbers = [undefined, ...newest.values()]
    return numbers.map((n, index) => {
      const pad = '.'.repeat(Math.floor(padding / numbers.length))
      return { event: STATE, data: { call, index, count: numbers.length, n, pad } satisfies State }
    })
  }
}
