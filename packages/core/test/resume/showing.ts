import { idOf, type Place } from './history.ts'
import type { SnapshotDesk, State } from './snapshot-desk.ts'
import { must } from './violation.ts'

/** A snapshot that a client is being shown: all of it, in order, and then its cursor. */
export class Showing {
  /** Its cursor, where a gap has announced it. */
  readonly to: Place | undefined
  #call: number | undefined
  #count = 0
  #received = 0

  constructor(to: Place | undefined) {
    this.to = to
  }

  /** The next of its events came. */
  take({ call, index, count }: State): void {
    if (this.#call === undefined) {
      this.#call = call
      this.#count = count
    }
    const isNext = this.#call === call && this.#received === index && this.#count === count
    must(isNext, 'snapshot', () => `${index} of ${call} came after ${this.#received} of ${this.#call}`)
    this.#received++
  }

  /** Its cursor came: it must be whole, and know everything up to there. */
  end(cursor: Place, desk: SnapshotDesk): void {
    const known = this.#call === undefined ? undefined : desk.placeOf(this.#call)
    const isWhole = this.#received === this.#count
    must(known !== undefined && isWhole, 'snapshot', () => `it ended after ${this.#received} of ${this.#count}`)
    const { epoch, position } = known
    const isNew = epoch === cursor.epoch ? position >= cursor.position : epoch.number > cursor.epoch.number
    must(isNew, 'snapshot', () => `it knows what was at ${idOf(known)}, its cursor is ${idOf(cursor)}`)
  }
}
