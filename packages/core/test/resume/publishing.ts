import type { Random } from '@sse/tooling/random'
import { type Draft, type Entry, type History, idOf, type Payload } from './history.ts'
import { LAST, TOPICS } from './interest.ts'
import type { Plan } from './plan.ts'
import type { Station } from './station.ts'
import { must } from './violation.ts'

/** Line breaks of all kinds, what needs more than one byte, and what looks like a field. */
const TEXTS = ['\n', '\r\n', '\r', ' \u{1f600}\u2028', '\ndata: x\n\nid: 7\n', '::', 'é'.repeat(20)]

/** What was said of an event when it was published. */
type Outcome = { readonly id: string } | { readonly error: unknown }

/** Publishes random events, and holds what `publish` says against the log. */
export class Publishing {
  readonly #history: History
  readonly #plan: Plan
  readonly #random: Random
  readonly #outcomes = new Map<number, Outcome>()
  /** Rejections that somebody asked for: the hub must not report them. */
  #heard = 0
  #unheard = 0
  #reported = 0

  constructor(history: History, plan: Plan, random: Random) {
    this.#history = history
    this.#plan = plan
    this.#random = random
  }

  /** Publishes one event. Some ask for the outcome, some do not. */
  publish(station: Station): Promise<unknown> {
    const draft = this.#draft()
    const { topic, event, key, data } = draft
    // `event` may be left out where it is the default, and `key` where there is none.
    const publication = { data, ...(event !== 'message' && { event }), ...(key !== undefined && { key }) }
    const id = station.hub.publish(topic, publication)
    if (this.#random.chance(0.3)) {
      this.#unheard++
      return Promise.resolve()
    }
    return id.then(
      (id) => this.#outcomes.set(draft.serial, { id }),
      (error: unknown) => {
        this.#heard++
        this.#outcomes.set(draft.serial, { error })
      },
    )
  }

  /** The hub reported that a publish failed. */
  report(): void {
    this.#reported++
  }

  /** All have been answered: what was said must be what is in the log. */
  verify(): void {
    const entries = new Map<number, Entry>()
    for (const epoch of this.#history.epochs) {
      for (const entry of epoch.between(0, epoch.head)) entries.set(entry.serial, entry)
    }
    for (const [serial, outcome] of this.#outcomes) {
      const entry = entries.get(serial)
      if ('id' in outcome) {
        const id = entry?.isAccepted === true ? idOf(entry.place) : undefined
        must(id === outcome.id, 'publish', () => `#${serial} resolved with ${outcome.id}, it is at ${id}`)
      } else must(entry?.isAccepted !== true, 'publish', () => `#${serial} rejected, but the log has accepted it`)
    }
    const failed = this.#history.drafts.filter(({ serial }) => entries.get(serial)?.isAccepted !== true).length
    const expected = failed - this.#heard
    must(this.#reported === expected, 'publish', () => `${this.#reported} of ${expected} rejections were reported`)
    const answered = this.#outcomes.size + this.#unheard
    must(answered === this.#history.drafts.length, 'publish', () => `only ${answered} publishes settled`)
  }

  #draft(): Draft {
    const random = this.#random
    const event = random.weighted([
      ['message', 6],
      ['tick', 6],
      ['note', 2],
      [LAST, this.#plan.lasts],
    ])
    const key = random.chance(0.6) ? random.pick(['', 'k1', 'k2']) : undefined
    const [min, max] = random.weighted(this.#plan.sizes)
    const limit = Math.max(1, this.#plan.bounds.maxBytes - 300)
    const length = Math.min(limit, random.size(min, max))
    return this.#history.draft({ topic: random.weighted(TOPICS), event, key }, (n) => this.#payload(n, length))
  }

  #payload(n: number, length: number): Payload {
    const random = this.#random
    if (random.chance(0.5)) return { n, pad: '.'.repeat(length) }
    const text = random.chance(0.2) ? random.pick(TEXTS) : ''
    return `${n} ${'-'.repeat(length)}${text}`
  }
}
