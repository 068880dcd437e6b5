/** Ends a stamp, and stands nowhere else in what is streamed. */
export const MARK = '~'

/** A stamp has so many digits. */
export const DIGITS = 16

/** Microseconds on the one clock that all processes of a machine share. */
export function microseconds(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1_000)
}

/** What an event of so many bytes carries: when it was published. */
export function stamped(bytes: number): string {
  return `${String(microseconds()).padStart(DIGITS, '0')}${MARK}${'x'.repeat(Math.max(0, bytes - DIGITS - 1))}`
}
