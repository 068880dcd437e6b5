import type { StreamInfo } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/nats-core'
import { type LogFollower, type LogRecord, SseError, type TailBounds } from '@sse/core'
import { Delivery, foreignRecord } from '@sse/core/engine'
import { Consumer } from './consumer.ts'
import type { DeliveredPlace } from './delivered-message.ts'
import { lastReadable } from './history.ts'
import type { Link, Session, SessionUser } from './link.ts'
import type { NatsSettings } from './options.ts'
import { RecordReader } from './record-text.ts'
import { streamInfo } from './stream.ts'
import { Tail } from './tail.ts'

/** What is read within one session. */
interface Reading {
  readonly session: Session
  readonly consumer: Consumer
  /** Reads the end of the log until this sequence, before the follower gets anything. Done: `undefined`. */
  tail: Tail | undefined
  /** It is complete from here on. */
  readonly floor: number
  readonly head: number
  /** What was read, and is delivered when it has its place: after `attach`, at the end of what came with it. */
  pending: LogRecord[]
  isAttached: boolean
  isScheduled: boolean
  foreign: number
  /** The last message that was read. */
  read: number
  time: string
}

/**
 * Reads the stream for one follower. Its sequences have no holes, so that whatever is missing shows, why ever it is.
 */
export class Follower implements SessionUser {
  readonly #link: Link
  readonly #settings: NatsSettings
  readonly #bounds: TailBounds
  readonly #delivery: Delivery
  readonly #records = new RecordReader()
  #reading: Reading | undefined
  #epoch = ''
  /** The last that was delivered, or what is not to be had any more. */
  #position = 0
  /** What was said of why it is away. */
  #away: string | undefined
  /** Where it stood at the last probe, if there was more to read. */
  #stuckAt: number | undefined
  #ended: Promise<void> | undefined

  constructor(link: Link, settings: NatsSettings, follower: LogFollower, bounds: TailBounds) {
    this.#link = link
    this.#settings = settings
    this.#bounds = bounds
    this.#delivery = new Delivery(follower)
    // A follower that throws is stopped, too.
    this.#delivery.signal.addEventListener('abort', () => void this.#end())
  }

  start(): void {
    this.#link.join(this)
  }

  /** Resolves when it holds nothing any more. */
  stop(): Promise<void> {
    this.#delivery.stop()
    return this.#end()
  }

  up(session: Session): void {
    this.#read(session).catch((error: unknown) => session.fail(error))
  }

  down(error: SseError): void {
    this.#reading = undefined
    this.#stuckAt = undefined
    if (error.message === this.#away) return
    this.#away = error.message
    this.#delivery.detach(error)
  }

  probed(info: StreamInfo): void {
    const reading = this.#reading
    if (reading === undefined) return
    const { read, session, consumer } = reading
    const isBehind = lastReadable(info) > read
    // What is there comes; if it has not come for so long, it will not.
    if (consumer.isSilent() || (isBehind && this.#stuckAt === read))
      session.fail(this.#error('does not send what it has'))
    this.#stuckAt = isBehind ? read : undefined
  }

  /** Once, whoever ends it. */
  #end(): Promise<void> {
    this.#ended ??= this.#letGo()
    return this.#ended
  }

  async #letGo(): Promise<void> {
    const consumer = this.#reading?.consumer
    this.#reading = undefined
    await consumer?.stop()
    await this.#link.leave(this)
  }

  async #read(session: Session): Promise<void> {
    const info = await streamInfo(session.api, this.#settings.stream)
    if (session.signal.aborted || this.#delivery.signal.aborted) return
    const isNew = this.#epoch !== session.epoch
    const after = isNew ? info.state.last_seq - this.#bounds.maxEvents : this.#position
    const floor = Math.max(after, info.state.first_seq - 1, 0)
    const head = Math.max(lastReadable(info), floor)
    const hasTail = isNew && head > floor
    const reading: Reading = {
      session,
      consumer: new Consumer(session, {
        stream: this.#settings.stream,
        from: floor + 1,
        heartbeat: this.#settings.probeInterval,
        onMessage: (message, place) => this.#take(reading, message, place),
      }),
      tail: hasTail ? new Tail(this.#bounds.maxBytes) : undefined,
      floor,
      head,
      pending: [],
      isAttached: false,
      isScheduled: false,
      foreign: 0,
      read: floor,
      time: '',
    }
    this.#reading = reading
    await reading.consumer.start()
    if (!hasTail) this.#attach(reading, floor)
    this.#endTail(reading)
  }

  #take(reading: Reading, message: Msg, { sequence, time }: DeliveredPlace): void {
    if (this.#reading !== reading) return
    if (sequence !== reading.read + 1) {
      if (reading.tail === undefined) return this.#miss(reading, sequence)
      reading.tail.clear()
    }
    reading.read = sequence
    reading.time = time
    const record = this.#decode(reading, message, String(sequence))
    if (reading.tail === undefined) reading.pending.push(record)
    else reading.tail.push(record, this.#records.bytes)
    this.#schedule(reading)
  }

  #decode(reading: Reading, message: Msg, position: string): LogRecord {
    const record = this.#records.read(position, message.data)
    if (record !== undefined) return record
    reading.foreign++
    return foreignRecord(position)
  }

  /** Everything that came with one packet is delivered together. */
  #schedule(reading: Reading): void {
    if (reading.isScheduled) return
    reading.isScheduled = true
    queueMicrotask(() => {
      reading.isScheduled = false
      this.#endTail(reading)
      this.#deliver(reading)
    })
  }

  /** The follower gets the end of the log, once that has been read. */
  #endTail(reading: Reading): void {
    const { tail, read, head } = reading
    if (tail === undefined || read < head || this.#reading !== reading) return
    const { records } = tail
    reading.tail = undefined
    reading.pending = [...records]
    this.#attach(reading, read - records.length)
  }

  #attach(reading: Reading, floor: number): void {
    if (this.#reading !== reading || reading.session.signal.aborted) return
    reading.isAttached = true
    this.#away = undefined
    this.#epoch = reading.session.epoch
    this.#position = floor
    const head = Math.max(reading.read, reading.head, floor)
    this.#delivery.attach({ epoch: this.#epoch, floor: String(floor), head: String(head) })
    this.#link.serves(this)
    this.#deliver(reading)
  }

  #deliver(reading: Reading): void {
    if (!reading.isAttached || this.#reading !== reading || reading.pending.length === 0) return
    const records = reading.pending
    reading.pending = []
    this.#position = reading.read
    this.#link.read({ sequence: reading.read, time: reading.time })
    this.#delivery.records(records)
    this.#reportForeign(reading)
  }

  /** Messages between the last one and this one are gone: they were trimmed before they were read, or deleted. */
  #miss(reading: Reading, sequence: number): void {
    if (reading.isAttached) this.#deliver(reading)
    else this.#attach(reading, reading.floor)
    if (this.#reading !== reading) return
    this.#position = sequence - 1
    this.#reading = undefined
    reading.session.fail(this.#error(`has lost what came after ${reading.read}, up to ${sequence - 1}`))
  }

  #reportForeign(reading: Reading): void {
    const { foreign, read } = reading
    if (foreign === 0) return
    reading.foreign = 0
    try {
      this.#settings.onError(
        this.#error(`holds ${foreign} messages that are not ours, up to ${read}. They are skipped`),
      )
    } catch (thrown) {
      // biome-ignore lint/suspicious/noConsole: it was the place to report to.
      console.error(thrown)
    }
  }

  #error(what: string): SseError {
    const { connector, stream } = this.#settings
    return new SseError('SSE_LOG', `${connector.name}: the stream \`${stream}\` ${what}.`)
  }
}
