/** A position is the sequence of a message in the stream. Fifteen digits are exact in a number. */
const POSITION = /^(?:0|[1-9][0-9]{0,14})$/

/** Whether a text could be a position. */
export function isPosition(text: string): boolean {
  return POSITION.test(text)
}

/** Negative if `a` comes before `b`. */
export function comparePositions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
