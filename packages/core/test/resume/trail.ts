import { type Entry, idOf, keyOf, nameOf, type Place } from './history.ts'
import type { Interest } from './interest.ts'
import { must, Violation } from './violation.ts'

/**
 * What one observer has been shown of the log, from where it began: nothing may be missing in it, nothing comes twice,
 * nothing goes back. A gap covers what is missing, and to a client that conflates a newer event stands for an older.
 */
export class Trail {
  readonly #interest: Interest
  #place: Place | undefined
  /** What came since it began: to tell what comes twice from what comes late. */
  readonly #came = new Set<Entry>()
  /** What was left out, for which a newer event is still to come, by key. */
  readonly #owed = new Map<string, Entry>()

  constructor(interest: Interest) {
    this.#interest = interest
  }

  /** Up to where it has everything. */
  get place(): Place | undefined {
    return this.#place
  }

  /** It begins anew, as a fresh observer, or goes on from somewhere else than where it was. */
  begin(place: Place | undefined): void {
    this.#place = place
    this.#came.clear()
    this.#owed.clear()
  }

  /** An event came. */
  take(entry: Entry): void {
    const place = this.#placeBefore(entry.place)
    must(!this.#came.has(entry), 'twice', () => `${nameOf(entry)} came before`)
    must(entry.place.position > place.position, 'order', () => `${nameOf(entry)} came after ${idOf(place)}`)
    this.#passTo(place, entry.place.position - 1)
    this.#place = entry.place
    this.#came.add(entry)
    this.#owed.delete(keyOf(entry))
  }

  /** The observer was told that it has passed a place. */
  pass(to: Place): void {
    const place = this.#placeBefore(to)
    must(to.position >= place.position, 'order', () => `the id ${idOf(to)} came after ${idOf(place)}`)
    this.#passTo(place, to.position)
    this.#place = to
  }

  /** The observer was told that something may be missing up to a place of the same epoch. */
  cover(to: Place): void {
    const place = this.#placeBefore(to)
    must(to.position >= place.position, 'order', () => `a gap went back from ${idOf(place)} to ${idOf(to)}`)
    for (const [key, entry] of this.#owed) {
      const isCovered = to.epoch.sameKey(entry).some((newer) => {
        const { position } = newer.place
        return position > entry.place.position && position <= to.position && this.#interest.accepts(newer)
      })
      if (isCovered) this.#owed.delete(key)
    }
    this.#place = to
  }

  /** Whether it has everything up to a place of its epoch. */
  hasAllUpTo(to: Place): boolean {
    const place = this.#place
    if (place === undefined || place.epoch !== to.epoch) return false
    for (const entry of to.epoch.between(place.position, to.position)) {
      if (entry.isAccepted && this.#interest.accepts(entry) && !this.#interest.isReplaced(entry)) return false
    }
    return true
  }

  /** The observer has read all there is: it must have everything. */
  mustReach({ epoch, position }: Place): void {
    const place = this.#place
    must(place?.epoch === epoch, 'stall', () => `it is at ${place && idOf(place)}, the log in the epoch ${epoch.name}`)
    for (const entry of epoch.between(place.position, position)) {
      const isMissing = entry.isAccepted && this.#interest.accepts(entry)
      must(!isMissing, 'stall', () => `${nameOf(entry)} did not come; the observer is at ${idOf(place)}`)
    }
    for (const entry of this.#owed.values()) {
      throw new Violation('missing', `${nameOf(entry)} was left out, and no newer one of its key came`)
    }
  }

  #placeBefore(next: Place): Place {
    const place = this.#place
    must(place !== undefined, 'start', () => `${idOf(next)} came before the observer was told where it begins`)
    must(place.epoch === next.epoch, 'epoch', () => `${idOf(next)} came after ${idOf(place)} without a gap`)
    return place
  }

  #passTo({ epoch, position }: Place, upTo: number): void {
    for (const entry of epoch.between(position, upTo)) {
      if (!entry.isAccepted || !this.#interest.accepts(entry)) continue
      const isReplaced = this.#interest.isReplaced(entry)
      must(isReplaced, 'missing', () => `${nameOf(entry)} is missing between ${position} and ${upTo}`)
      this.#owed.set(keyOf(entry), entry)
    }
  }
}
