/** What one client has seen of the numbers 1, 2, 3, … from wherever it began: each once, in order, none missing. */
export class Sequence {
  /** The highest so far; 0 before the first. */
  last = 0
  lost = 0
  /** Came again, or after a higher one. */
  repeated = 0
  gaps = 0

  get hasBegun(): boolean {
    return this.last > 0
  }

  take(n: number): void {
    if (this.last > 0 && n <= this.last) {
      this.repeated++
      return
    }
    if (this.last > 0) this.lost += n - this.last - 1
    this.last = n
  }
}
