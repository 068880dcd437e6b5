const counts = new Intl.NumberFormat('en')
const decimals = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/**
 * A number of things, such as `1 token` or `1,200 tokens`.
 *
 * @param {number} value
 * @param {string} thing
 */
export function count(value, thing) {
  return `${counts.format(value)} ${thing}${value === 1 ? '' : 's'}`
}

/**
 * A rate, such as `21.4`; a dash where there is none yet.
 *
 * @param {number | undefined} value
 */
export function rate(value) {
  if (value === undefined) return '–'
  return value < 1_000 ? decimals.format(value) : counts.format(Math.round(value))
}

/**
 * Milliseconds, such as `412 ms` or `1.4 s`; a dash where there are none yet.
 *
 * @param {number | undefined} value
 */
export function duration(value) {
  if (value === undefined) return '–'
  return value < 1_000 ? `${Math.round(value)} ms` : `${decimals.format(value / 1_000)} s`
}
