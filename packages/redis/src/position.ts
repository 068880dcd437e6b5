/**
 * A position is the id of an entry in the stream, `<ms>-<ordinal>`: milliseconds of Redis' clock, so that ids go up also
 * after a failover, and the number of the entry in its epoch, which the script counts without a hole. That one is what
 * positions are compared by, and what proves that nothing is missing between two of them.
 */
const POSITION = /^(?:[1-9][0-9]{0,14})-(?:0|[1-9][0-9]{0,14})$/

/** Whether a text could be a position. */
export function isPosition(text: string): boolean {
  return POSITION.test(text)
}

/** The number of an entry in its epoch: the record that begins it has 0. */
export function ordinalOf(position: string): number {
  return Number(position.slice(position.indexOf('-') + 1))
}

/** When an entry was written, about, in milliseconds: each epoch is later than all that came before it. */
export function timeOf(position: string): number {
  return Number(position.slice(0, position.indexOf('-')))
}

/** The position of an entry that was so many before this one, and within the same epoch. */
export function positionBefore(position: string, count: number): string {
  return `${position.slice(0, position.indexOf('-') + 1)}${ordinalOf(position) - count}`
}

/** Negative if `a` comes before `b`, within one epoch. */
export function comparePositions(a: string, b: string): number {
  return ordinalOf(a) - ordinalOf(b)
}
