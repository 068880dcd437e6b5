import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'

/** How often a stream whose history went back got a new mark: at the end of its description, where every node reads it. */
const MARK = / ?\[history ([0-9]{1,9})\]$/

/** A message by which a history is known again. */
export interface Anchor {
  readonly sequence: number
  /** When it was stored, in nanoseconds since 1970, as decimal text. */
  readonly time: string
}

/** The number of times that the history of a stream went back. */
export function markOf({ config }: StreamInfo): number {
  return Number(MARK.exec(config.description ?? '')?.[1] ?? 0)
}

/**
 * Names a history: the time at which the stream was created, and how often it went back since, which a server that was
 * restored, or has lost what was not on its disk, does not tell.
 */
export function epochOf(info: StreamInfo): string {
  const created = BigInt(nanosecondsOf(info.created)).toString(36)
  const mark = markOf(info)
  return mark === 0 ? created : `${created}-${mark}`
}

/**
 * Tells all nodes that the history went back: those who see it at the same time write the same.
 *
 * @param mark of the history that there is no more
 */
export async function markHistory(api: JetStreamManager, info: StreamInfo, mark: number): Promise<void> {
  const text = (info.config.description ?? '').replace(MARK, '')
  const description = `${text === '' ? '' : `${text} `}[history ${mark + 1}]`
  await api.streams.update(info.config.name, { description })
}

/** Whether a message that was read still stands where it was; also if it cannot be asked any more. */
export async function isSameHistory(api: JetStreamManager, info: StreamInfo, anchor: Anchor): Promise<boolean> {
  if (anchor.sequence < info.state.first_seq) return true
  const message = await api.streams.getMessage(info.config.name, { seq: anchor.sequence })
  return message === null || nanosecondsOf(message.timestamp) === anchor.time
}

/** The newest message that can still be read, or what comes before the first. */
export function lastReadable({ state }: StreamInfo): number {
  const deleted = new Set(state.deleted ?? [])
  let last = state.last_seq
  while (last >= state.first_seq && deleted.has(last)) last--
  return last
}

/** A time as NATS writes it, to the nanosecond, as nanoseconds since 1970 in decimal. */
export function nanosecondsOf(time: string): string {
  const fraction = /\.([0-9]{1,9})/.exec(time)?.[1] ?? ''
  const seconds = Date.parse(time.replace(/\.[0-9]+/, '')) / 1_000
  return `${seconds}${fraction.padEnd(9, '0')}`
}
