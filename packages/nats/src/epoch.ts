/** When a stream was created, in nanoseconds since 1970, in base 36; then how often its history went back. */
const EPOCH = /^([0-9a-z]{1,13})(?:-([1-9][0-9]{0,8}))?$/

/** Whether a text could be an epoch that began after another one. */
export function isLaterEpoch(text: string, epoch: string): boolean {
  const [a, b] = [parse(text), parse(epoch)]
  if (a === undefined || b === undefined) return false
  return a.created === b.created ? a.mark > b.mark : a.created > b.created
}

/** As texts of one length times are in order. */
function parse(epoch: string): { readonly created: string; readonly mark: number } | undefined {
  const [, created, mark = '0'] = EPOCH.exec(epoch) ?? []
  return created === undefined ? undefined : { created: created.padStart(13, '0'), mark: Number(mark) }
}
