import { Deque } from '../hub/deque.ts'
import type { EventLog, LogEntry } from '../hub/log.ts'
import { randomName } from '../hub/random-name.ts'
import { SseError } from '../wire/error.ts'

/** So much may wait for an engine, whoever appends; what comes on top is refused. */
const MAX_APPENDS = 10_000
const MAX_CHARACTERS = 64 * 1024 * 1024

type Place = Awaited<ReturnType<EventLog['append']>>

/** What a queue of appends is told by the log that has it. */
export interface AppendQueueOptions {
  /** The engine's name, for messages. */
  readonly engine: string
  /** How long an append may wait, in milliseconds; `false`: as long as it takes. */
  readonly publishTimeout: number | false
  /** There is something to send. Called within `add`. */
  wake(): void
  /** An append that was sent has had no answer in time. */
  onOverdue?(): void
}

/** One append on its way to an engine. */
export class Append {
  /** Counts the appends of a queue, from 1: with the queue's `writer` a name that no other append ever has. */
  readonly n: number
  readonly entry: LogEntry
  /** How long it is, in UTF-16 units. */
  readonly characters: number
  /** When it is given up; `Infinity`: never. */
  readonly deadline: number
  readonly #settle: (place: Place | undefined, error: unknown) => void
  #isSettled = false

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
    return this.#isSettled
  }

  /** The engine has it, at this place. Does nothing if it was given up before. */
  accept(place: Place): void {
    this.#end(place, undefined)
  }

  /** It is not in the log, or nobody knows whether it is. */
  refuse(error: unknown): void {
    this.#end(undefined, error)
  }

  #end(place: Place | undefined, error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#settle(place, error)
  }
}

/**
 * What a process has appended and its engine has not answered: in order of the calls, bounded, each with a deadline. A
 * log takes from it what it sends, and after a broken connection takes again what had no answer.
 */
export class AppendQueue {
  /** Why the engine is away, for the error of those that are given up. */
  reason: unknown
  readonly #options: AppendQueueOptions
  readonly #appends = new Deque<Append>()
  #writer: string | undefined
  #count = 0
  #waiting = 0
  #characters = 0
  /** So many at the front were taken. */
  #taken = 0
  #timer: ReturnType<typeof setTimeout> | undefined

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

  /** Whether something has not been sent. */
  get hasMore(): boolean {
    for (let i = this.#taken; i < this.#appends.length; i++) if (this.#appends.at(i)?.isSettled === false) return true
    return false
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
    if (this.#waiting >= MAX_APPENDS || this.#characters + characters > MAX_CHARACTERS) {
      const message = `${this.#waiting} events wait for ${this.#options.engine} already: there may be ${MAX_APPENDS}, of ${MAX_CHARACTERS} characters together.`
      return Promise.reject(new SseError('SSE_LIMIT', message, { cause: this.reason }))
    }
    const { publishTimeout, wake } = this.#options
    const deadline = publishTimeout === false ? Number.POSITIVE_INFINITY : performance.now() + publishTimeout
    const placed = new Promise<Place>((resolve, reject) => {
      const settle = (place: Place | undefined, error: unknown): void => {
        this.#waiting--
        this.#characters -= characters
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
    for (; batch.length < limits.appends && this.#taken < this.#appends.length; this.#taken++) {
      const append = this.#appends.at(this.#taken)
      if (append === undefined || append.isSettled) continue
      characters += append.characters
      if (batch.length > 0 && characters > limits.characters) break
      batch.push(append)
    }
    return batch
  }

  /** Whatever has no answer is to be taken again, in the same order: the log knows that it is not in the engine. */
  putBack(): void {
    this.#taken = 0
  }

  /** Refuses all that wait. */
  refuseAll(error: unknown): void {
    for (let append = this.#appends.at(0); append !== undefined; append = this.#appends.at(0)) append.refuse(error)
  }

  #forgetSettled(): void {
    while (this.#appends.at(0)?.isSettled === true) {
      this.#appends.shift()
      if (this.#taken > 0) this.#taken--
    }
    if (this.#waiting > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
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
    let isOverdue = false
    for (let append = this.#appends.at(0); append !== undefined; append = this.#appends.at(0)) {
      if (append.deadline > now) break
      const wasTaken = this.#taken > 0
      isOverdue ||= wasTaken
      append.refuse(this.#overdue(wasTaken))
    }
    this.#watch()
    if (isOverdue) this.#options.onOverdue?.()
  }

  #overdue(wasTaken: boolean): SseError {
    const { engine, publishTimeout } = this.#options
    const fate = wasTaken ? 'It may have been accepted' : 'It was not accepted'
    const reason = this.reason === undefined ? '' : `: ${messageOf(this.reason)}`
    const message = `${engine} did not answer within ${publishTimeout} ms (\`publishTimeout\`)${reason}. ${fate}.`
    return new SseError('SSE_LOG', message, { cause: this.reason })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
}
