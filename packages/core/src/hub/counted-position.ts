/** A position that is a number, counted from 1, in decimal. Fifteen digits are exact in a number; 0 comes before the first. */
const COUNTED = /^(?:0|[1-9][0-9]{0,14})$/

/** Whether a text could be such a position. */
export function isCountedPosition(text: string): boolean {
  return COUNTED.test(text)
}

/** Negative if `a` comes before `b`, positive if after, 0 if they are the same place. */
export function compareCountedPositions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
