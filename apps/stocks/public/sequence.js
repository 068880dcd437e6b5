/**
 * How a tick came: with a snapshot, after a reconnect from before it, as it happened, or once more.
 *
 * @typedef {'snapshot' | 'replayed' | 'live' | 'repeated'} Arrival
 */

/**
 * Follows the numbers of the market's ticks, which have no hole: what is between two of them and did not come is missing.
 */
export class Sequence {
  /** The newest tick seen. */
  last = 0
  /** Ticks that came after a reconnect, from the time away; of the last reconnect. */
  replayed = 0
  /** Ticks that never came, though no gap was announced for them. */
  missing = 0
  /** Ticks that never came, as a gap had announced. */
  announced = 0
  /** Ticks that came twice. */
  repeated = 0

  #snapshotAt = 0
  #replayTo = 0
  #hasGap = false

  /**
   * A stream opened.
   *
   * @param {number} n the newest tick then
   * @param {boolean} resumes whether it goes on from an earlier one
   */
  opened(n, resumes) {
    this.replayed = 0
    this.#replayTo = resumes ? n : 0
  }

  /** A gap was announced: ticks before the next one may be lost, with the log they stood in, though no snapshot has them. */
  gap() {
    this.#hasGap = true
  }

  /**
   * A snapshot came: all up to its tick is known.
   *
   * @param {number} n
   */
  snapshot(n) {
    this.#snapshotAt = n
    this.last = n
  }

  /**
   * A tick came.
   *
   * @param {number} n
   * @returns {Arrival}
   */
  tick(n) {
    if (n <= this.#snapshotAt) return 'snapshot'
    if (n <= this.last) {
      this.repeated += 1
      return 'repeated'
    }
    // Who knows nothing of the market yet begins with whatever comes.
    const hole = this.last === 0 ? 0 : n - this.last - 1
    if (this.#hasGap) this.announced += hole
    else this.missing += hole
    this.#hasGap = false
    this.last = n
    if (n > this.#replayTo) return 'live'
    this.replayed += 1
    return 'replayed'
  }

  /** Whether everything up to the moment of the last reconnect is here. */
  get isCaughtUp() {
    return this.last >= this.#replayTo
  }
}
