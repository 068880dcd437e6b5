import { AckPolicy, DeliverPolicy, JsHeaders, ReplayPolicy } from '@nats-io/jetstream'
import { type Msg, nanos, type Subscription } from '@nats-io/nats-core'
import { randomName } from '@sse/core/engine'
import { type DeliveredPlace, placeOf } from './delivered-message.ts'
import type { Session } from './link.ts'

/** The shortest time between two heartbeats that a server takes, in milliseconds. */
const MIN_HEARTBEAT = 100

/** How long a server keeps a consumer that nobody listens to, in milliseconds. */
const INACTIVE = 30_000

/** So many heartbeats may stay away. */
const MAX_SILENCES = 3

/** What a consumer is to read, and for whom. */
export interface ConsumerOptions {
  readonly stream: string
  /** The sequence that it begins with; what is gone by then is passed over. */
  readonly from: number
  /** How often the server tells that it is there when nothing happens, in milliseconds. */
  readonly heartbeat: number
  /** The next message: called for each in order, none is left out between two calls. */
  onMessage(message: Msg, place: DeliveredPlace): void
}

/**
 * Reads a stream in order, from a consumer that lives as long as a session: whatever is not as it should be ends the session.
 */
export class Consumer {
  readonly #session: Session
  readonly #options: ConsumerOptions
  readonly #name: string = `sse-${randomName()}`
  readonly #unsubscribe: () => void
  #subscription: Subscription | undefined
  #delivered = 0
  #wasHeard = true
  #silences = 0

  constructor(session: Session, options: ConsumerOptions) {
    this.#session = session
    this.#options = options
    this.#unsubscribe = () => this.#subscription?.unsubscribe()
  }

  /** Resolves when it reads. Messages may come before. */
  async start(): Promise<void> {
    const { connection, api, signal, createInbox } = this.#session
    const { stream, from, heartbeat } = this.#options
    const subject = createInbox()
    this.#subscription = connection.subscribe(subject, { callback: (error, message) => this.#hear(error, message) })
    signal.addEventListener('abort', this.#unsubscribe)
    await api.consumers.add(stream, {
      name: this.#name,
      deliver_subject: subject,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: nanos(Math.max(MIN_HEARTBEAT, heartbeat)),
      inactive_threshold: nanos(INACTIVE),
    })
  }

  /** Ends it on the server, too, as far as that can be reached. */
  async stop(): Promise<void> {
    const { signal } = this.#session
    signal.removeEventListener('abort', this.#unsubscribe)
    this.#unsubscribe()
    if (signal.aborted) return
    await this.#session.api.consumers.delete(this.#options.stream, this.#name).catch(() => {})
  }

  /**
   * To be asked at every heartbeat.
   *
   * @returns whether nothing was heard of it for so long that it must be gone
   */
  isSilent(): boolean {
    this.#silences = this.#wasHeard ? 0 : this.#silences + 1
    this.#wasHeard = false
    return this.#silences >= MAX_SILENCES
  }

  #hear(error: Error | null, message: Msg): void {
    if (this.#session.signal.aborted) return
    if (error !== null) return this.#session.fail(error)
    this.#wasHeard = true
    const place = placeOf(message, this.#name)
    if (place === undefined) return this.#obeyOrFail(message)
    this.#delivered++
    if (place.delivered === this.#delivered) this.#options.onMessage(message, place)
    else this.#session.fail(new Error('messages were lost on their way from the server'))
  }

  /** A connection that is being closed takes no answers. */
  #obeyOrFail(message: Msg): void {
    try {
      this.#obey(message)
    } catch (error) {
      this.#session.fail(error)
    }
  }

  /** What the server says beside the messages. */
  #obey({ headers, reply }: Msg): void {
    if (headers === undefined) return
    if (headers.code !== 100) {
      this.#session.fail(new Error(`the consumer has ended: ${headers.status}`))
      return
    }
    const stalled = headers.get(JsHeaders.ConsumerStalledHdr)
    if (stalled !== '') this.#session.connection.publish(stalled)
    else if (reply !== undefined && reply !== '') this.#session.connection.publish(reply)
    else if (Number(headers.get(JsHeaders.LastConsumerSeqHdr)) > this.#delivered) {
      this.#session.fail(new Error('messages were lost on their way from the server'))
    }
  }
}
