/** More than this is a leak, in KiB a seed: a seed has hundreds of connections, each of which would leave something. */
export const MAX_GROWTH = 40

/** So many seeds are needed to tell growth from what the engine compiles and caches. */
const ENOUGH = 12

/**
 * By how much a heap has grown from one seed to the next, in KiB: the median of the last third less that of the middle one.
 *
 * @param heaps its size in bytes after each seed.
 * @returns `undefined` where they are too few to tell.
 */
export function growthOf(heaps: readonly number[]): number | undefined {
  if (heaps.length < ENOUGH) return undefined
  const third = Math.floor(heaps.length / 3)
  const [middle, last] = [heaps.slice(third, 2 * third), heaps.slice(-third)].map(median)
  return ((last ?? 0) - (middle ?? 0)) / third / 1024
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
