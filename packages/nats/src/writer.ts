import { PubHeaders } from '@nats-io/jetstream'
import { headers, type Msg, type Subscription } from '@nats-io/nats-core'
import { type EventLog, type LogEntry, SseError } from '@sse/core'
import { type Append, AppendQueue, delay } from '@sse/core/engine'
import { type Answer, readAnswer } from './answer.ts'
import type { Link, Session, SessionUser } from './link.ts'
import { codedError } from './nats-error.ts'
import type { NatsSettings } from './options.ts'
import { encodeRecord } from './record-text.ts'

/** The most that is under way at a time. */
const GROUP = { appends: 512, characters: 256 * 1024 }

/** The pauses between attempts, in milliseconds. */
const MIN_PAUSE = 50
const MAX_PAUSE = 1_000

/** What is sent in place of an event that must not be stored any more, under its id: hubs pass it. */
const FENCE = encodeRecord({ topic: 'sse.fence', event: 'sse.fence', data: '', raw: true })

/** A sequence that no stream has. */
const NEVER = String(Number.MAX_SAFE_INTEGER)

/**
 * What a message is for: to be stored; to ask whether it was, by a condition that is never met, since JetStream looks for
 * duplicates first; or to make sure that it never will be.
 */
type Purpose = 'data' | 'ask' | 'fence'

/** An append that was sent, until it is known what became of it. */
class Sent {
  readonly append: Append
  /** When it was sent first, by the clock of timers. */
  readonly since: number = performance.now()
  /** How many copies of its data were sent, and have no answer. */
  unanswered = 0
  fences = 0
  isAwaited = false
  isDone = false
  /** The newest message of the stream that was known when it was sent. */
  after: number | undefined

  constructor(append: Append) {
    this.append = append
  }
}

/**
 * Puts into the stream what this process appends: one group after the other, each all that was appended while the one before
 * was under way, so that no event overtakes another, whatever becomes of it.
 *
 * Each message has an id, by which JetStream knows a copy. An answer that does not come leaves open whether the event was
 * stored. Then, before anything else is sent, JetStream is asked which of the group it has. What it has not is sent again;
 * unless a later one is stored already, or the time is over: then its id is used up by an empty message, so that a copy which
 * may still be on its way comes to nothing.
 */
export class Writer implements SessionUser {
  readonly #link: Link
  readonly #settings: NatsSettings
  readonly #queue: AppendQueue
  #isJoined = false
  #session: Session | undefined
  /** Of the last session. */
  #epoch: string | undefined
  #subscription: Subscription | undefined
  #inbox = ''
  #group: Sent[] = []
  #byNumber = new Map<number, Sent>()
  /** So many of the group are waited for. */
  #awaited = 0
  #stall: ReturnType<typeof setTimeout> | undefined
  #pause: number = MIN_PAUSE
  #wasAsked = false
  /** The newest of all that are stored. */
  #lastStored = 0
  /** Stored in a history that is another one than was known when they were sent. */
  #doubtful: { readonly append: Append; readonly sequence: number }[] = []
  #isScheduled = false

  constructor(link: Link, settings: NatsSettings) {
    this.#link = link
    this.#settings = settings
    const { connector, publishTimeout } = settings
    this.#queue = new AppendQueue({
      engine: connector.name,
      publishTimeout,
      wake: () => this.#wake(),
    })
  }

  append(entry: LogEntry): ReturnType<EventLog['append']> {
    return this.#queue.add(entry)
  }

  /** Lets go of the connection once nothing waits any more, unless somebody has gone on with it meanwhile: then that is theirs. */
  async release(): Promise<void> {
    await this.#queue.finish()
    if (!this.#isJoined || this.#queue.size > 0) return
    this.#isJoined = false
    this.#detach()
    await this.#link.leave(this)
  }

  up(session: Session): void {
    this.#session = session
    if (session.epoch !== this.#epoch) for (const sent of this.#group) sent.after = undefined
    this.#epoch = session.epoch
    this.#queue.reason = undefined
    const inbox = session.createInbox()
    this.#subscription = session.connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => (error === null ? this.#answered(inbox.length + 1, message) : session.fail(error)),
    })
    this.#inbox = inbox
    this.#placeDoubtful(session)
    this.#next()
  }

  down(error: SseError): void {
    this.#queue.reason = error
    this.#detach()
  }

  #detach(): void {
    this.#session = undefined
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    this.#wasAsked = false
    this.#endRound()
  }

  #wake(): void {
    if (this.#isScheduled || (this.#isJoined && this.#group.length > 0)) return
    // What is appended within a turn goes out together.
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.#isJoined) this.#join()
      else if (this.#group.length === 0) this.#next()
    })
  }

  #join(): void {
    this.#isJoined = true
    this.#link.join(this)
  }

  /** Goes on with what is not settled, or with what was appended since. */
  #next(): void {
    if (this.#session === undefined) return
    if (this.#group.length > 0) return this.#retry()
    this.#group = this.#queue.take(GROUP).map((append) => new Sent(append))
    this.#pause = MIN_PAUSE
    this.#wasAsked = false
    if (this.#group.length === 0) return this.#link.serves(this)
    this.#byNumber = new Map(this.#group.map((sent) => [sent.append.n, sent]))
    this.#send(this.#group, 'data')
  }

  /** After a loss of answers, or a stream that was away for a moment. */
  #retry(): void {
    for (const sent of this.#group) this.#giveUp(sent)
    this.#forgetDone()
    const [first] = this.#group
    if (first === undefined) return this.#next()
    const isOpen = this.#group.length > 1 && this.#group.some(({ unanswered }) => unanswered > 0)
    if (isOpen && !this.#wasAsked) {
      this.#wasAsked = true
      return this.#send(this.#group, 'ask')
    }
    this.#wasAsked = false
    this.#send(this.#group, 'data')
  }

  /** Lets go of what is not to be sent again. */
  #giveUp(sent: Sent): void {
    const { append, unanswered, since } = sent
    if (unanswered === 0) {
      if (!this.#isLate(sent)) return
      sent.isDone = true
      append.refuse(this.#overtaken())
    } else if (performance.now() - since > this.#window) {
      sent.isDone = true
      append.refuse(
        this.#error('it has not answered for longer than it knows copies of an event. It may have been accepted'),
      )
    }
  }

  /** Whether it is too late to store it: the time is over, or a later one is stored. */
  #isLate({ append }: Sent): boolean {
    return append.isSettled || append.n < this.#lastStored
  }

  #send(group: readonly Sent[], purpose: Purpose): void {
    const session = this.#session
    if (session === undefined) return
    try {
      for (const sent of group) this.#publish(session, sent, purpose)
    } catch (error) {
      session.fail(error)
      return
    }
    if (this.#awaited === 0) return this.#roundEnded()
    this.#stall = setTimeout(() => this.#pauseThenRetry(), this.#settings.probeInterval)
  }

  #publish({ connection }: Session, sent: Sent, given: Purpose): void {
    const { append } = sent
    const purpose = given === 'data' && this.#isLate(sent) ? 'fence' : given
    const payload = purpose === 'data' ? encodeRecord(append.entry) : purpose === 'fence' ? FENCE : undefined
    const head = headers()
    head.append(PubHeaders.MsgIdHdr, `${this.#queue.writer}-${append.n}`)
    if (purpose === 'ask') head.append(PubHeaders.ExpectedLastSeqHdr, NEVER)
    const limit = connection.info?.max_payload ?? Number.POSITIVE_INFINITY
    if (payload !== undefined && payload.length + HEADERS_SIZE > limit)
      return this.#tooLong(sent, payload.length, limit)
    if (purpose === 'data') {
      sent.unanswered++
      sent.after ??= this.#link.newest
    }
    if (purpose === 'fence') sent.fences++
    sent.isAwaited = true
    this.#awaited++
    const reply = `${this.#inbox}.${purpose}-${append.n}`
    connection.publish(this.#settings.subject, payload, { headers: head, reply })
  }

  #tooLong(sent: Sent, length: number, limit: number): void {
    sent.isDone = true
    const message = `the event takes ${length + HEADERS_SIZE} bytes, and a message may have ${limit}: raise \`max_payload\` of the server, or lower \`limits.eventBytes\` of the hub`
    sent.append.refuse(this.#error(message))
  }

  #answered(prefix: number, message: Msg): void {
    const [purpose, number] = message.subject.slice(prefix).split('-')
    const sent = this.#byNumber.get(Number(number))
    if (sent === undefined) return
    const answer = readAnswer(message.headers?.code ?? 0, message.string())
    if (!sent.isDone) {
      if (purpose === 'data') this.#onData(sent, answer)
      else if (purpose === 'fence') this.#onFence(sent, answer)
      else this.#onAsk(sent, answer)
    }
    if (!sent.isAwaited) return
    sent.isAwaited = false
    this.#awaited--
    if (this.#awaited === 0) this.#roundEnded()
  }

  #onData(sent: Sent, answer: Answer): void {
    sent.unanswered--
    if (answer.kind === 'stored') {
      const isImpossible = !answer.isDuplicate && answer.sequence <= (sent.after ?? 0)
      // What the others were told is of the same stream.
      if (isImpossible || this.#doubtful.length > 0) this.#doubt(sent, answer.sequence)
      else this.#stored(sent, answer.sequence)
      return
    }
    if (answer.kind === 'away') {
      this.#queue.reason = this.#error(answer.reason)
      return
    }
    sent.isDone = true
    const fate = sent.unanswered > 0 ? '. It may have been accepted before' : ''
    sent.append.refuse(codedError(this.#settings.connector.name, answer, fate))
  }

  #onAsk(sent: Sent, answer: Answer): void {
    if (answer.kind === 'stored') this.#stored(sent, answer.sequence)
    else if (answer.kind === 'away') this.#wasAsked = false
  }

  #onFence(sent: Sent, answer: Answer): void {
    if (answer.kind === 'away') {
      sent.fences--
      return
    }
    if (answer.kind === 'stored' && answer.isDuplicate && sent.fences === 1) {
      this.#stored(sent, answer.sequence)
      return
    }
    sent.isDone = true
    sent.append.refuse(this.#overtaken())
  }

  #stored(sent: Sent, sequence: number): void {
    const { append } = sent
    sent.isDone = true
    this.#lastStored = Math.max(this.#lastStored, append.n)
    this.#queue.reason = undefined
    this.#link.stored(sequence)
    this.#link.serves(this)
    const epoch = this.#session?.epoch
    if (epoch !== undefined) append.accept({ epoch, position: String(sequence) })
  }

  /** A sequence that was there before: the stream is another one, or has lost its end. */
  #doubt(sent: Sent, sequence: number): void {
    sent.isDone = true
    this.#lastStored = Math.max(this.#lastStored, sent.append.n)
    this.#doubtful.push({ append: sent.append, sequence })
    this.#link.wentBack()
    this.#session?.fail(this.#error(`the stream \`${this.#settings.stream}\` has given the same sequence twice`))
  }

  #placeDoubtful({ epoch }: Session): void {
    for (const { append, sequence } of this.#doubtful.splice(0)) {
      this.#link.stored(sequence)
      append.accept({ epoch, position: String(sequence) })
    }
  }

  #roundEnded(): void {
    this.#endRound()
    this.#forgetDone()
    if (this.#group.length === 0 || this.#wasAsked) this.#next()
    else this.#pauseThenRetry()
  }

  #endRound(): void {
    clearTimeout(this.#stall)
    this.#awaited = 0
    for (const sent of this.#group) sent.isAwaited = false
  }

  #forgetDone(): void {
    this.#group = this.#group.filter(({ isDone }) => !isDone)
  }

  /** Sends again what has no answer, where the connection has one. */
  #pauseThenRetry(): void {
    this.#endRound()
    this.#wasAsked = false
    const session = this.#session
    if (session === undefined) return
    const pause = this.#pause
    this.#pause = Math.min(2 * pause, MAX_PAUSE)
    delay(pause, session.signal)
      .then(() => session.connection.flush())
      .then(() => session === this.#session && this.#next())
      .catch((error: unknown) => session.fail(error))
  }

  /** For how long JetStream knows a copy, as far as one may rely on it, in milliseconds. */
  get #window(): number {
    return 0.9 * ((this.#session?.info.config.duplicate_window ?? 0) / 1e6)
  }

  #overtaken(): SseError {
    return this.#error(
      'it was away for a moment, and has stored a later event of this process. This one was not accepted',
    )
  }

  #error(problem: string): SseError {
    return new SseError('SSE_LOG', `${this.#settings.connector.name}: ${problem}.`, { cause: this.#queue.reason })
  }
}

/** What the id takes of a message, at most. */
const HEADERS_SIZE = 64
