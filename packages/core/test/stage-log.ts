import type { EventLog, LogEntry, LogFollower, LogRecord } from '../src/hub/log.ts'

interface Following {
  readonly follower: LogFollower
  /** The position it has read up to. */
  read: number
  isAttached: boolean
}

interface Waiting {
  readonly entry: LogEntry
  resolve(place: { epoch: string; position: string }): void
  reject(error: unknown): void
}

/**
 * A log that a test plays the engine of: it is there or away, and keeps or loses its history, when the test says so.
 * Positions are numbers, counted from 1.
 */
export class StageLog implements EventLog {
  epoch = 'e1'
  /** What the log has; the first is at `floor + 1`. */
  records: LogRecord[] = []
  /** Up to where it has forgotten everything. */
  floor = 0
  /** The tails that followers asked for. */
  readonly tails: { maxEvents: number; maxBytes: number }[] = []
  /** Whether appends are answered; what is not waits, or is refused where there is an error. */
  isAccepting = true
  refusal: Error | undefined
  readonly #followings = new Set<Following>()
  #waiting: Waiting[] = []
  #isThere: boolean

  /** @param isThere whether followers are attached at once. */
  constructor({ isThere = true }: { isThere?: boolean } = {}) {
    this.#isThere = isThere
  }

  get head(): number {
    return this.floor + this.records.length
  }

  get followers(): number {
    return this.#followings.size
  }

  /** How many appends have not been answered. */
  get waiting(): number {
    return this.#waiting.length
  }

  append(entry: LogEntry): Promise<{ epoch: string; position: string }> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    if (!this.isAccepting) return new Promise((resolve, reject) => this.#waiting.push({ entry, resolve, reject }))
    return Promise.resolve(this.put(entry))
  }

  follow(follower: LogFollower, tail: { maxEvents: number; maxBytes: number }): () => Promise<void> {
    const following = { follower, read: Math.max(this.floor, this.head - tail.maxEvents), isAttached: false }
    this.tails.push(tail)
    this.#followings.add(following)
    if (this.#isThere) this.#attach(following)
    return async () => {
      this.#followings.delete(following)
    }
  }

  compare(a: string, b: string): number {
    return Number(a) - Number(b)
  }

  isPosition(text: string): boolean {
    return /^\d{1,15}$/.test(text)
  }

  isLaterEpoch(text: string, epoch: string): boolean {
    return /^e\d{1,9}$/.test(text) && Number(text.slice(1)) > Number(epoch.slice(1))
  }

  /** Puts an event at the end, whoever has published it, and hands it on. */
  put(entry: LogEntry): { epoch: string; position: string } {
    const position = String(this.head + 1)
    this.records.push({ ...entry, position })
    if (this.#isThere) for (const following of this.#followings) this.#deliver(following)
    return { epoch: this.epoch, position }
  }

  /** Puts events that have these texts, as another process would. */
  putAll(topic: string, ...texts: string[]): void {
    for (const data of texts) this.put({ topic, event: 'message', data, raw: true })
  }

  /** Comes, or comes back: attaches all followers, and delivers what they have not read. */
  arrive({ deliver = true }: { deliver?: boolean } = {}): void {
    this.#isThere = true
    for (const following of this.#followings) this.#attach(following, deliver)
  }

  /** Delivers what followers have not read. */
  deliver(): void {
    for (const following of this.#followings) this.#deliver(following)
  }

  /** Goes away. */
  depart(error: unknown = new Error('away')): void {
    this.#isThere = false
    for (const following of this.#followings) following.follower.detach(error)
  }

  /** Forgets everything up to a position. */
  trim(floor: number): void {
    this.records = this.records.slice(floor - this.floor)
    this.floor = floor
  }

  /** Loses everything: what comes is another history. It may have events already, of which nobody has heard. */
  lose(epoch: string, ...entries: readonly LogEntry[]): void {
    this.epoch = epoch
    this.records = entries.map((entry, i) => ({ ...entry, position: String(i + 1) }))
    this.floor = 0
    for (const following of this.#followings) following.read = 0
  }

  /** Answers the appends that wait, in order. */
  acceptAll(): void {
    this.isAccepting = true
    for (const { entry, resolve } of this.#waiting.splice(0)) resolve(this.put(entry))
  }

  /** Rejects the appends that wait. */
  rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #attach(following: Following, deliver: boolean = true): void {
    following.read = Math.max(following.read, this.floor)
    following.isAttached = true
    following.follower.attach({ epoch: this.epoch, floor: String(following.read), head: String(this.head) })
    if (deliver) this.#deliver(following)
  }

  #deliver(following: Following): void {
    const batch = this.records.slice(following.read - this.floor)
    if (batch.length === 0) return
    following.read = this.head
    following.follower.records(batch)
  }
}
