const whole = new Intl.NumberFormat('en')
const money = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** @param {number} value */
export const count = (value) => whole.format(value)

/** @param {number} value */
export const price = (value) => money.format(value)

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${tenths.format(milliseconds / 1_000)} s`
}

/**
 * As at the beginning of a sentence.
 *
 * @param {string} text
 */
export const capitalized = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** @param {number} value */
export const oneDecimal = (value) => tenths.format(value)

/** @param {number} bytes */
export function bytes(bytes) {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${tenths.format(bytes / 1_000)} kB`
  return `${tenths.format(bytes / 1_000_000)} MB`
}

/**
 * A change in words that do not need colour: a triangle, a sign and two digits.
 *
 * @param {number} now
 * @param {number} before
 */
export function change(now, before) {
  const share = now / before - 1
  const percent = `${money.format(Math.abs(share) * 100)}%`
  if (percent === '0.00%') return { text: percent, direction: '' }
  return share > 0 ? { text: `▲ +${percent}`, direction: 'up' } : { text: `▼ −${percent}`, direction: 'down' }
}
