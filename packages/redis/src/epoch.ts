/** When an epoch began, in milliseconds of Redis' clock, in base 36; then four characters that were drawn. */
const EPOCH = /^([0-9a-z]{8,10})[0-9a-z]{4}$/

/** Whether a text could be an epoch that began after another one: each begins later than all that is known of those before. */
export function isLaterEpoch(text: string, epoch: string): boolean {
  return beginOf(text) > beginOf(epoch)
}

/** Of what is no epoch, nothing is known. */
function beginOf(epoch: string): number {
  return Number.parseInt(EPOCH.exec(epoch)?.[1] ?? '', 36)
}
