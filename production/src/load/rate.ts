/** The most that happened within any second; `times` in milliseconds, in order. */
export function mostInASecond(times: ArrayLike<number>): number {
  let most = 0
  let from = 0
  for (let to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 1_000) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

/** How many happened in each second after `began`; `times` in milliseconds. */
export function inEachSecond(times: ArrayLike<number>, began: number): number[] {
  const counts: number[] = []
  for (const time of Array.from(times)) {
    const second = Math.max(0, Math.floor((time - began) / 1_000))
    while (counts.length <= second) counts.push(0)
    counts[second] = (counts[second] ?? 0) + 1
  }
  return counts
}
