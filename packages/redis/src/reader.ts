import { type LogFollower, type LogRecord, SseError, type TailBounds } from '@sse/core'
import { Delivery, keepRunning } from '@sse/core/engine'
import type { RedisConnection } from './endpoint.ts'
import { charactersOf, readEntry } from './entry.ts'
import { openLink } from './link.ts'
import { LogScript, type LogState } from './log-script.ts'
import type { RedisSettings } from './options.ts'
import { PageSize } from './page-size.ts'
import { ordinalOf, positionBefore, timeOf } from './position.ts'
import { redisError } from './redis-error.ts'
import { readTail } from './tail.ts'

const RESET = 'the log has begun anew, since its history may be lost'
const MISSING = 'events were removed from the log before they were read'

/** One attachment: a connection, and the script on it. */
interface Link {
  readonly connection: RedisConnection
  readonly script: LogScript
}

/**
 * Reads the stream for one follower, over a connection of its own. It knows what comes next: records of an epoch are
 * counted without a hole, so that whatever is missing shows, why ever it is.
 */
export class Reader {
  readonly #settings: RedisSettings
  readonly #delivery: Delivery
  readonly #bounds: TailBounds
  #stopped: Promise<void> = Promise.resolve()
  #epoch = ''
  /** The last record of the epoch that was delivered, or what it begins after. */
  #position = ''
  /** The last entry that was read, ours or not. */
  #cursor = ''
  /** When the epoch began that comes next, if that is known: what was written from then on is not of this one. */
  #nextEpoch = Number.POSITIVE_INFINITY
  #pageSize = new PageSize()
  #isAttached = false
  /** What was said of why it is away. */
  #away: string | undefined

  constructor(settings: RedisSettings, follower: LogFollower, bounds: TailBounds) {
    this.#settings = settings
    this.#delivery = new Delivery(follower)
    this.#bounds = bounds
  }

  start(): void {
    const { signal } = this.#delivery
    this.#stopped = keepRunning((isWorking) => this.#serve(isWorking), {
      signal,
      onBreak: (error) => this.#broke(error),
    })
  }

  /** Resolves when the connection is gone. */
  stop(): Promise<void> {
    this.#delivery.stop()
    return this.#stopped
  }

  /** Told once of what keeps it away, however often that is tried. */
  #broke(error: unknown): void {
    const reason = redisError(this.#settings.endpoint.name, error)
    if (reason.message === this.#away) return
    this.#away = reason.message
    this.#detach(reason)
  }

  /** Rejects when the connection breaks, or the follower is stopped. */
  async #serve(isWorking: () => void): Promise<void> {
    const { endpoint, probeInterval } = this.#settings
    const { signal } = this.#delivery
    const connection = await openLink({ endpoint, timeout: 2 * probeInterval, signal })
    // The last one may have broken of a page that was too long to come in time.
    this.#pageSize = new PageSize()
    try {
      const link = { connection, script: new LogScript(connection, this.#settings) }
      await this.#attach(link)
      this.#away = undefined
      isWorking()
      while (!signal.aborted) await this.#readOn(link)
    } finally {
      connection.destroy()
    }
  }

  /** Goes on where it was. If the log has begun anew meanwhile, the record of that comes after what is left of the old one. */
  async #attach(link: Link): Promise<void> {
    const state = await link.script.check(this.#cursor)
    if (this.#epoch === '') return this.#begin(link, state)
    if (this.#contradicts(state)) return this.#distrust(link)
    const isOther = state.epoch !== this.#epoch
    if (isOther) this.#nextEpoch = timeOf(state.start)
    this.#attachAt(this.#position, isOther ? this.#position : state.last)
  }

  async #readOn(link: Link): Promise<void> {
    const { probeInterval } = this.#settings
    const entries = await this.#read(link, ['BLOCK', String(probeInterval)])
    if (entries.length > 0) await this.#take(link, entries)
    else await this.#probe(link)
  }

  /** Nothing has come for a while: is the log still what it was? */
  async #probe(link: Link): Promise<void> {
    const state = await link.script.check(this.#cursor)
    if (this.#contradicts(state)) return this.#distrust(link)
    const isOther = state.epoch !== this.#epoch
    if (!isOther && ordinalOf(state.last) === ordinalOf(this.#position)) return
    const entries = await this.#read(link, [])
    if (entries.length > 0) return this.#take(link, entries)
    if (!isOther) return this.#skipTo(state.last, state.last, MISSING)
    await this.#begin(link, state)
    // Somebody has forged the record of an epoch: it is followed by a true one, unless that has come meanwhile.
    if (this.#epoch !== state.epoch) await link.script.distrust(this.#cursor, state.epoch)
  }

  /** Whether what was read is more than the log has, in the same epoch. */
  #contradicts({ epoch, last }: LogState): boolean {
    return epoch === this.#epoch && ordinalOf(last) < ordinalOf(this.#position)
  }

  /** What was read stands in the log no more, though nobody has said so: somebody has to. */
  async #distrust(link: Link): Promise<void> {
    await this.#begin(link, await link.script.distrust(this.#cursor, this.#epoch))
  }

  async #begin({ connection }: Link, state: LogState): Promise<void> {
    const { stream } = this.#settings
    const tail = await readTail(connection, { stream, state, bounds: this.#bounds, pageSize: this.#pageSize })
    this.#leave(RESET)
    this.#epoch = tail.epoch
    this.#nextEpoch = Number.POSITIVE_INFINITY
    this.#cursor = tail.cursor
    this.#position = tail.head
    this.#reportForeign(tail.foreign)
    this.#attachAt(tail.floor, tail.head)
    this.#delivery.records(tail.records)
  }

  async #take(link: Link, entries: readonly unknown[]): Promise<void> {
    const foreign: string[] = []
    let batch: LogRecord[] = []
    let characters = 0
    const flush = (): void => {
      this.#delivery.records(batch)
      batch = []
    }
    for (const entry of entries) {
      const read = readEntry(entry)
      characters += charactersOf(read)
      if (read.kind === 'foreign') {
        foreign.push(read.id)
        this.#cursor = read.id
        continue
      }
      if (read.kind === 'reset') {
        flush()
        this.#epoch = read.epoch
        if (timeOf(read.id) >= this.#nextEpoch) this.#nextEpoch = Number.POSITIVE_INFINITY
        this.#skipTo(read.id, read.id, RESET)
        continue
      }
      const { record } = read
      const missing = ordinalOf(record.position) - ordinalOf(this.#position) - 1
      if (missing < 0) {
        flush()
        return this.#distrust(link)
      }
      if (missing > 0 || timeOf(record.position) >= this.#nextEpoch) {
        flush()
        // The record that begins another epoch may be among what is missing.
        const state = await link.script.check(this.#cursor)
        if (state.epoch !== this.#epoch) return this.#begin(link, state)
        this.#skipTo(positionBefore(record.position, 1), record.position, MISSING)
      }
      batch.push(record)
      this.#position = record.position
      this.#cursor = record.position
    }
    flush()
    this.#pageSize.saw(entries.length, characters)
    this.#reportForeign(foreign)
  }

  /** What comes before a place is not to be had, or is of another epoch: the follower is told. */
  #skipTo(floor: string, head: string, why: string): void {
    this.#leave(why)
    this.#position = floor
    this.#cursor = floor
    this.#attachAt(floor, head)
  }

  #attachAt(floor: string, head: string): void {
    this.#isAttached = true
    this.#delivery.attach({ epoch: this.#epoch, floor, head })
  }

  /** The follower is told why what it has read does not go on. */
  #leave(why: string): void {
    const { stream, endpoint } = this.#settings
    if (this.#isAttached)
      this.#detach(new SseError('SSE_LOG', `Redis at ${endpoint.name}: ${why} (stream \`${stream}\`).`))
  }

  #detach(error: SseError): void {
    this.#isAttached = false
    this.#delivery.detach(error)
  }

  async #read({ connection }: Link, block: readonly string[]): Promise<readonly unknown[]> {
    const { stream } = this.#settings
    const count = String(this.#pageSize.count)
    const reply = await connection.send(['XREAD', 'COUNT', count, ...block, 'STREAMS', stream, this.#cursor])
    if (!Array.isArray(reply)) return []
    const [[, entries]] = reply
    return Array.isArray(entries) ? entries : []
  }

  #reportForeign(ids: readonly string[]): void {
    if (ids.length === 0) return
    const { stream, endpoint, onError } = this.#settings
    const [first] = ids
    const message = `Redis at ${endpoint.name}: the stream \`${stream}\` holds ${ids.length} entries that are not ours, the first at ${first}. They are skipped.`
    onError(new SseError('SSE_LOG', message))
  }
}
