const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const exactTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const wholeDate = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

/** @param {number} at milliseconds since the Unix epoch */
export const timeOfDay = (at) => clockTime.format(at)

/** @param {number} at milliseconds since the Unix epoch */
export const timeToTheSecond = (at) => exactTime.format(at)

/** @param {number} at milliseconds since the Unix epoch */
export const date = (at) => wholeDate.format(at)

/** @param {number} count */
export const stories = (count) => `${count.toLocaleString('en')} ${count === 1 ? 'story' : 'stories'}`

/**
 * As on a stopwatch.
 *
 * @param {number} milliseconds
 */
export function stopwatch(milliseconds) {
  const seconds = Math.floor(milliseconds / 1_000)
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'))
  const hours = Math.floor(seconds / 3_600)
  return hours > 0 ? [hours, ...parts].join(':') : parts.join(':').replace(/^0/, '')
}

/**
 * In words, rounded; at least a second.
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.max(1, Math.round(milliseconds / 1_000))
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours === 1 ? '1 hour' : `${hours} hours`
}
