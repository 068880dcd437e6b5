/** When so many slots at the front are empty, and they are most of all, they are given back. */
const SLACK = 1_024

/** A list that grows at the end and shrinks at the front, with constant cost. */
export class Deque<T> {
  #slots: (T | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#slots.length - this.#first
  }

  /** The value at a place, counted from the front. */
  at(index: number): T | undefined {
    return this.#slots[this.#first + index]
  }

  push(value: T): void {
    this.#slots.push(value)
  }

  /** Takes the value at the front. */
  shift(): T | undefined {
    if (this.#first === this.#slots.length) return undefined
    const value = this.#slots[this.#first]
    this.#slots[this.#first++] = undefined
    if (this.#first === this.#slots.length || (this.#first >= SLACK && this.#first * 2 > this.#slots.length)) {
      this.#slots = this.#slots.slice(this.#first)
      this.#first = 0
    }
    return value
  }

  /** The first place whose value is not `before`; the values are sorted so that all that are come first. */
  search(before: (value: T) => boolean): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const value = this.at(middle)
      if (value !== undefined && before(value)) low = middle + 1
      else high = middle
    }
    return low
  }
}
