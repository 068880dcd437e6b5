const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const exactTime = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })

/**
 * The time of day, to the minute.
 *
 * @param {number} at milliseconds since the epoch
 */
export function clock(at) {
  return time.format(at)
}

/**
 * The time of day, to the second.
 *
 * @param {number} at milliseconds since the epoch
 */
export function exactClock(at) {
  return exactTime.format(at)
}

/**
 * A number and its noun: `1 tab`, `2 tabs`.
 *
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
