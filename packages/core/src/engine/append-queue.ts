import { Deque } from '../hub/deque.ts'
import type { EventLog, LogEntry } from '../hub/log.ts'
import { randomName } from '../hub/random-name.ts'
import { SseError } from '../wire/error.ts'

/**
 * So much may wait for an engine, whoever appends; what comes on top is refused. One that is there is soon done with what a
 * loop has published; what waits for one that is away waits long.
 */
const MAX_APPENDS = 100_000
const MAX_APPENDS_AWAY = 10_000
const MAX_CHARACTERS = 64 * 1024 * 1024

/** How long who lets go of a log waits for the answers that are missing, where publishers would wait for ever. */
const FINISH_TIMEOUT = 5_000

type Place = Awaited<ReturnType<EventLog['append']>>

/** What a queue of appends is told by the log that has it. */
export interface AppendQueueOptions {
  /** The engine's name, for messages. */
  readonly engine: string
  /** How long an append may wait, in milliseconds; `false`: as long as it takes. */
  readonly publishTimeout: number | false
  /** There is something to send. Called within `add`. */
  wake(): void
}

/** One append on its way to an engine. */
export class Append {
  /** Counts the appends of a queue, from 1: with the queue's `writer` a name that no other append ever has. */
  readonly n: number
  readonly entry: LogEntry
  /** How long it is, in UTF-16 units. */
  readonly characters: number
  /** When it is given up, by `performance.now()`; `Infinity`: never. */
  readonly deadline: number
  #settle: ((place: Place | undefined, error: unknown) => void) | undefined

  constructor(
    about: Pick<Append, 'n' | 'entry' | 'characters' | 'deadline'>,
    settle: (place: Place | undefined, error: unknown) => void,
  ) {
    this.n = about.n
    this.entry = about.entry
    this.characters = about.characters
    this.deadline = about.deadline
    this.#settle = settle
  }

  /** It was accepted, refused or given up. */
  get isSettled(): boolean {
    return this.#settle === undefined
  }

  /** The engine has it, at this place. Does nothing if it was settled before. */
  accept(place: Place): void {
    this.#end(place, undefined)
  }

  /** It is not in the log, or nobody knows whether it is. Does nothing if it was settled before. */
  refuse(error: unknown): void {
    this.#end(undefined, error)
  }

  #end(place: Place | undefined, error: unknown): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(place, error)
  }
}

/**
 * What a process has appended and its engine has not answered: in order of the calls, bounded, each with a deadline. A
 * log takes from it what it sends, and after a broken connection takes again what had no answer.
 */
export class AppendQueue {
  /** Why the engine is away, if it is: for the error of those that are given up. */
  reason: unknown
  readonly #options: AppendQueueOptions
  readonly #appends = new Deque<Append>()
  #writer: string | undefined
  #count = 0
  #waiting = 0
  /** Of all that are held: one that has its answer is let go of when those before it have theirs. */
  #characters = 0
  /** So many at the front were taken, or need not be. */
  #taken = 0
  /** The `n` of the newest that was ever taken. */
  #newestTaken = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #finishing = new Map<() => void, number>()

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  /** Names this queue among all that ever append to the log: 12 characters, drawn when first asked for. */
  get writer(): string {
    this.#writer ??= randomName()
    return this.#writer
  }

  /** How many have no answer yet. */
  get size(): number {
    return this.#waiting
  }

  /**
   * Puts an event at the end; the entry is copied.
   *
   * @returns a promise that rejects with an `SseError`: `SSE_LIMIT` if too many wait already, `SSE_LOG` if it was refused or
   * given up.
   */
  add(entry: LogEntry): Promise<Place> {
    const { topic, event, data, key = '' } = entry
    const characters = topic.length + event.length + data.length + key.length
    if (!this.#hasRoomFor(characters)) return Promise.reject(this.#full())
    const { publishTimeout, wake } = this.#options
    const deadline = publishTimeout === false ? Number.POSITIVE_INFINITY : performance.now() + publishTimeout
    const placed = new Promise<Place>((resolve, reject) => {
      const settle = (place: Place | undefined, error: unknown): void => {
        this.#waiting--
        if (place === undefined) reject(error)
        else resolve(place)
        this.#forgetSettled()
      }
      this.#appends.push(new Append({ n: ++this.#count, entry: { ...entry }, characters, deadline }, settle))
    })
    this.#waiting++
    this.#characters += characters
    this.#watch()
    wake()
    return placed
  }

  /** The oldest that were not taken yet, as many as fit, but at least one if there is one. */
  take(limits: { readonly appends: number; readonly characters: number }): Append[] {
    const batch: Append[] = []
    let characters = 0
    for (let append = this.#next(); append !== undefined; append = this.#next()) {
      characters += append.characters
      const isFull = batch.length === limits.appends || (batch.length > 0 && characters > limits.characters)
      if (isFull) break
      batch.push(append)
      this.#taken++
      this.#newestTaken = Math.max(this.#newestTaken, append.n)
    }
    return batch
  }

  /**
   * Whatever has no answer is to be taken again, in the same order: its connection has broken, and it is not in the engine, or
   * the engine will know it again.
   */
  putBack(): void {
    this.#taken = 0
  }

  /** Refuses all that wait, up to the one with that `n`. */
  refuseAll(error: unknown, newest: number = this.#count): void {
    for (let append = this.#appends.at(0); append !== undefined && append.n <= newest; append = this.#appends.at(0)) {
      append.refuse(error)
    }
  }

  /**
   * Resolves when all that was appended until now has its answer, or was given up: where appends wait as long as it takes, that
   * is after 5 seconds. What is appended meanwhile, by somebody else who uses the log, is not waited for.
   */
  async finish(): Promise<void> {
    if (this.#appends.length === 0) return
    const newest = this.#count
    const refuse = (): void => {
      this.refuseAll(new SseError('SSE_LOG', 'The log was let go of while the event waited for it.'), newest)
    }
    const timer = this.#options.publishTimeout === false ? setTimeout(refuse, FINISH_TIMEOUT) : undefined
    await new Promise<void>((resolve) => this.#finishing.set(resolve, newest))
    clearTimeout(timer)
  }

  /** The oldest that is to be taken. An answer may come late, for one that was put back since: that is left out. */
  #next(): Append | undefined {
    while (this.#appends.at(this.#taken)?.isSettled === true) this.#taken++
    return this.#appends.at(this.#taken)
  }

  get #maxAppends(): number {
    return this.reason === undefined ? MAX_APPENDS : MAX_APPENDS_AWAY
  }

  /** One alone may be as long as it likes. */
  #hasRoomFor(characters: number): boolean {
    if (this.#appends.length === 0) return true
    return this.#appends.length < this.#maxAppends && this.#characters + characters <= MAX_CHARACTERS
  }

  #forgetSettled(): void {
    for (let append = this.#appends.at(0); append?.isSettled === true; append = this.#appends.at(0)) {
      this.#appends.shift()
      this.#characters -= append.characters
      if (this.#taken > 0) this.#taken--
    }
    this.#tellFinished()
    if (this.#waiting > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tellFinished(): void {
    const oldest = this.#appends.at(0)?.n ?? Number.POSITIVE_INFINITY
    for (const [resolve, newest] of this.#finishing) {
      if (newest >= oldest) continue
      this.#finishing.delete(resolve)
      resolve()
    }
  }

  /** One timer, for the oldest: all have the same time, so that they are given up in order. */
  #watch(): void {
    const deadline = this.#appends.at(0)?.deadline
    if (this.#timer !== undefined || deadline === undefined || deadline === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#giveUp(), Math.max(1, Math.ceil(deadline - performance.now())))
  }

  #giveUp(): void {
    this.#timer = undefined
    const now = performance.now()
    for (let append = this.#appends.at(0); append !== undefined; append = this.#appends.at(0)) {
      if (append.deadline > now) break
      append.refuse(this.#overdue(append.n <= this.#newestTaken))
    }
    this.#watch()
  }

  #full(): SseError {
    const { engine } = this.#options
    const message = `${this.#waiting} events wait for ${engine}: there may be ${this.#maxAppends}, of ${MAX_CHARACTERS} characters together.`
    return new SseError('SSE_LIMIT', message, { cause: this.reason })
  }

  #overdue(wasEverTaken: boolean): SseError {
    const { engine, publishTimeout } = this.#options
    const fate = wasEverTaken ? 'It may have been accepted' : 'It was not accepted'
    const reason = this.reason === undefined ? '' : `: ${messageOf(this.reason)}`
    const message = `${engine} did not answer within ${publishTimeout} ms (\`publishTimeout\`)${reason}. ${fate}.`
    return new SseError('SSE_LOG', message, { cause: this.reason })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
}
