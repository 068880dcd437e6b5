/** Draws at random; from the same seed always the same. */
export interface Random {
  /** A number, at least `from` and below `to`. */
  between(from: number, to: number): number
  /** So many different ones of a list, in random order; all of them where there are fewer. */
  sample<T>(list: readonly T[], count: number): T[]
}

/**
 * Makes a random source.
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

  function between(from: number, to: number): number {
    return from + uniform() * (to - from)
  }

  function sample<T>(list: readonly T[], count: number): T[] {
    const left = [...list]
    const drawn: T[] = []
    while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(between(0, left.length)), 1))
    return drawn
  }

  return { between, sample }
}

/**
 * A number that a text always has: a seed for what is to depend on it.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/#FNV-1a
 */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}
