import type { ServerResponse } from 'node:http'
import type { EventLog, LogFollower, LogRecord } from '@sse/core'

type Attached = Parameters<LogFollower['attach']>[0]

/** Ways for a node to be broken, each of which a run has to notice. */
export const BROKEN = {
  'rereads from now': 'after a reconnect it goes on with what is new then, not with what it has not read',
  'ignores the epoch': 'a log that begins anew is taken for the one it was',
  'repeats appends': 'what was not answered in time is appended again',
  'hides gaps': 'clients are not told that something is missing',
  'loses one in 300': 'now and then a record is not delivered',
  'doubles one in 300': 'now and then a record is delivered twice',
  'swaps two in 300': 'now and then two records are delivered in the wrong order',
  'ignores trimming': 'goes on after what was removed before it was read, and tells nobody',
  'cries wolf': 'after each reconnect it says that history was lost',
  'has an epoch of its own': 'its ids mean nothing to the other nodes',
} as const

export type BrokenName = keyof typeof BROKEN

/** A log as it is, or broken. */
export function breakLog(log: EventLog, name: BrokenName | undefined): EventLog {
  return name === undefined ? log : broken(log, name)
}

/** All of it, so that nothing else is broken. */
function broken(log: EventLog, name: BrokenName): Required<EventLog> {
  const epochOf = name === 'has an epoch of its own' ? ownEpochs() : name === 'ignores the epoch' ? firstEpoch() : same
  return {
    async append(entry) {
      const place = log.append(entry)
      const { epoch, position } = await (name === 'repeats appends' ? place.catch(() => log.append(entry)) : place)
      return { epoch: epochOf(epoch), position }
    },
    follow: (follower, tail) => log.follow(new BrokenFollower(follower, { log, name, epochOf }), tail),
    compare: (a, b) => log.compare(a, b),
    isPosition: (text) => log.isPosition(text),
    isLaterEpoch: (text, epoch) => log.isLaterEpoch?.(text, epoch) ?? false,
    mustKeep: (events) => log.mustKeep?.(events),
    release: () => log.release?.() ?? Promise.resolve(),
  }
}

/** Takes the gaps out of a stream: where one was, the client is told its id alone. */
export function hideGaps(response: ServerResponse): void {
  const write = response.write.bind(response)
  response.write = (chunk: unknown): boolean => {
    const text = Buffer.from(chunk as Uint8Array).toString()
    const parts = text.split(/(?<=\n\n)/)
    return write(parts.map((part) => (part.startsWith('event: sse.gap') ? idOf(part) : part)).join(''))
  }
}

function idOf(block: string): string {
  return `${/^id: .*$/m.exec(block)?.[0]}\n\n`
}

interface Breaking {
  readonly log: EventLog
  readonly name: BrokenName
  epochOf(epoch: string): string
}

class BrokenFollower implements LogFollower {
  readonly #follower: LogFollower
  readonly #breaking: Breaking
  #epoch: string | undefined
  #last: string | undefined
  /** Records up to there are not handed on. */
  #skipTo: string | undefined
  #count = 0
  #held: LogRecord | undefined

  constructor(follower: LogFollower, breaking: Breaking) {
    this.#follower = follower
    this.#breaking = breaking
  }

  attach(at: Attached): void {
    const last = this.#epoch === at.epoch ? this.#last : undefined
    this.#epoch = at.epoch
    const { floor, head } = this.#broken(at, last)
    this.#last = last ?? floor
    this.#follower.attach({ epoch: this.#breaking.epochOf(at.epoch), floor, head })
  }

  records(batch: readonly LogRecord[]): void {
    const broken = batch.flatMap((record) => this.#breakRecord(record))
    this.#last = batch.at(-1)?.position ?? this.#last
    if (broken.length > 0) this.#follower.records(broken)
  }

  detach(error: unknown): void {
    this.#follower.detach(error)
  }

  #broken({ floor, head }: Attached, last: string | undefined): Pick<Attached, 'floor' | 'head'> {
    const { name } = this.#breaking
    if (last === undefined) return { floor, head }
    if (name === 'ignores trimming') return { floor: last, head: head === floor ? last : head }
    if (name === 'cries wolf' && last !== head) this.#skipTo = head
    if (name === 'cries wolf') return { floor: head, head }
    if (name !== 'rereads from now') return { floor, head }
    this.#skipTo = head
    return { floor: last, head: last }
  }

  #breakRecord(record: LogRecord): readonly LogRecord[] {
    const { name, log } = this.#breaking
    if (this.#skipTo !== undefined && log.compare(record.position, this.#skipTo) <= 0) return []
    this.#skipTo = undefined
    const isTheOne = ++this.#count % 300 === 0
    if (name === 'loses one in 300' && isTheOne) return []
    if (name === 'doubles one in 300' && isTheOne) return [record, record]
    if (name !== 'swaps two in 300') return [record]
    const held = this.#held
    this.#held = isTheOne ? record : undefined
    if (isTheOne) return []
    return held === undefined ? [record] : [record, held]
  }
}

function same(epoch: string): string {
  return epoch
}

function firstEpoch(): (epoch: string) => string {
  let first: string | undefined
  return (epoch) => {
    first ??= epoch
    return first
  }
}

function ownEpochs(): (epoch: string) => string {
  const own = crypto.randomUUID().slice(0, 8)
  return (epoch) => `${epoch}-${own}`
}
