/** Numbers that follow from a seed: the same seed, the same numbers. */
export class Random {
  #state: number

  /** @param stream tells generators of one seed apart, so that what one draws does not change the others. */
  constructor(seed: number, stream: number = 0) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)
    for (let i = 0; i < 4; i++) this.next()
  }

  /** From 0 up to, but not including, 1: mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** The same, with small numbers as likely as large ones: every doubling has the same chance. */
  size(min: number, max: number): number {
    return Math.min(max, Math.floor(min * ((max + 1) / min) ** this.next()))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)]
    if (picked === undefined) throw new RangeError('There is nothing to pick from.')
    return picked
  }

  /** Picks by weight, of at least one that is above 0. */
  weighted<T>(list: readonly (readonly [T, number])[]): T {
    let left = this.next() * list.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [value, weight] of list) {
      left -= weight
      if (left < 0) return value
    }
    throw new RangeError('There is nothing to pick from.')
  }
}
