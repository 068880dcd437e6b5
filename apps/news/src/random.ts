/** A source of numbers that anyone with the same seed can draw again. */
export interface Random {
  /** The next number, at least 0 and below 1. */
  uniform(): number
  /** The next whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number
  /** One of these, each as likely as the others. */
  pick<T>(values: readonly [T, ...T[]]): T
}

/**
 * Makes a random source from a seed: the same seed gives the same numbers for ever, on every machine.
 *
 * @param seed Any integer; its low 32 bits count.
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0

  function uniform(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  function integer(least: number, most: number): number {
    return least + Math.floor(uniform() * (most - least + 1))
  }

  return { uniform, integer, pick: (values) => values[integer(0, values.length - 1)] ?? values[0] }
}
