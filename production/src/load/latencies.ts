/** In microseconds: what is told of latencies is exact to this much. */
const WIDTH = 100
const LONGEST = 60_000_000

/** How often latencies occurred, in constant memory however many there are. */
export class Latencies {
  /** By tenths of a millisecond; the last one holds whatever took longer than a minute. */
  readonly counts: Uint32Array

  constructor(counts: Uint32Array = new Uint32Array(LONGEST / WIDTH + 1)) {
    this.counts = counts
  }

  /** @param took in microseconds. */
  add(took: number): void {
    const index = Math.min(this.counts.length - 1, Math.max(0, Math.floor(took / WIDTH)))
    this.counts[index] = (this.counts[index] ?? 0) + 1
  }

  addAll({ counts }: Latencies): void {
    counts.forEach((count, index) => {
      this.counts[index] = (this.counts[index] ?? 0) + count
    })
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  /** So long at most took this share of them, in milliseconds; NaN if there are none. */
  within(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.total * share))
    let sum = 0
    const index = this.counts.findIndex((count) => {
      sum += count
      return sum >= wanted
    })
    return index < 0 ? Number.NaN : ((index + 1) * WIDTH) / 1_000
  }
}
