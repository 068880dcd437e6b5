import type { Random } from '@sse/tooling/random'
import type { EventLog, LogEntry, LogFollower, LogRecord } from '../../src/index.ts'
import type { Entry, Epoch, History } from './history.ts'

/** Who is told what a hub is about to be told by its log. */
export interface LinkWatch {
  attaching(at: { readonly epoch: Epoch; readonly floor: number; readonly head: number }): void
  delivering(position: number, entry: Entry | undefined): void
  detaching(): void
}

/** What becomes of an append while the log is away: refused, kept until it is back, or stored where no hub sees it. */
export type Away = 'refuse' | 'hold' | 'store'

type Answer = ReturnType<EventLog['append']>

/**
 * A log in memory that several hubs share, and that does what engines do: it refuses appends, loses its answers, is
 * away for a while, delivers late and in batches, comes back with nothing lost, with some of it lost, or as another
 * history. Everything that it has goes into the history of the run.
 */
export class UnsteadyLog {
  /** How likely an append is refused, and how likely it is stored but its answer lost. */
  refusals = 0
  lostAnswers = 0
  readonly links: Link[] = []
  readonly history: History
  readonly #create: () => EventLog
  readonly #random: Random
  readonly #unheard = new Set<number>()
  #records: LogRecord[] = []
  #log: EventLog
  #stop: () => Promise<void> = () => Promise.resolve()
  #away: Away | undefined
  #held: (() => void)[] = []

  constructor({ create, history, random }: { create: () => EventLog; history: History; random: Random }) {
    this.#create = create
    this.history = history
    this.#random = random
    this.#log = this.#begin()
  }

  get epoch(): Epoch {
    return this.history.current
  }

  get head(): number {
    return this.#records.length
  }

  /** The log as one hub has it. */
  open(watch: LinkWatch): EventLog {
    return {
      append: (record) => this.#append(record),
      follow: (follower, { maxEvents }) => this.#follow(follower, watch, maxEvents),
      compare: (a, b) => this.#log.compare(a, b),
      isPosition: (text) => this.#log.isPosition(text),
    }
  }

  /** The record at a position. */
  at(position: number): LogRecord | undefined {
    return this.#records[position - 1]
  }

  /** Cuts all hubs off. Until `comeBack` appends fare as said. */
  goAway(away: Away): void {
    this.#away = away
    for (const link of this.links) link.detach()
  }

  /** Lets appends through again. */
  comeBack(): void {
    this.#away = undefined
    for (const append of this.#held.splice(0)) append()
  }

  /** Loses everything and begins another history. All hubs must have been cut off before. */
  restart(): void {
    void this.#stop()
    this.#log = this.#begin()
  }

  #begin(): EventLog {
    const log = this.#create()
    this.#records = []
    this.#stop = log.follow(
      {
        attach: ({ epoch }) => this.history.begin(epoch),
        records: (batch) => {
          for (const record of batch) this.#stored(record)
        },
        detach: (error) => {
          throw error
        },
      },
      { maxEvents: 1, maxBytes: 1 },
    )
    return log
  }

  #append(record: LogEntry): Answer {
    if (this.#away === 'refuse') return Promise.reject(new Error('The log is away.'))
    if (this.#away !== 'hold') return this.#store(record)
    return new Promise((resolve, reject) => this.#held.push(() => this.#store(record).then(resolve, reject)))
  }

  #store(record: LogEntry): Answer {
    if (isControl(record)) return this.#log.append(record)
    if (this.#random.chance(this.refusals)) return Promise.reject(new Error('The log is full.'))
    if (!this.#random.chance(this.lostAnswers)) return this.#log.append(record)
    this.#unheard.add(this.history.draftOf(record).serial)
    return this.#log.append(record).then(() => {
      throw new Error('The answer was lost.')
    })
  }

  #stored(record: LogRecord): void {
    this.#records.push(record)
    const { current } = this.history
    if (isControl(record)) current.push(undefined)
    else {
      const draft = this.history.draftOf(record)
      const place = { epoch: current, position: Number(record.position) }
      current.push({ ...draft, place, isAccepted: !this.#unheard.has(draft.serial) })
    }
    for (const link of this.links) link.notice()
  }

  #follow(follower: LogFollower, watch: LinkWatch, maxEvents: number): () => Promise<void> {
    const link = new Link(this, follower, watch, this.#random)
    this.links.push(link)
    if (this.#away === undefined) link.attach(Math.max(0, this.head - maxEvents))
    else follower.detach(new Error('The log is away.'))
    return () => {
      this.links.splice(this.links.indexOf(link), 1)
      link.stop()
      return Promise.resolve()
    }
  }
}

/** What one hub has of the log. */
export class Link {
  /** Records wait for the checker to deliver them. */
  isDeferred = false
  readonly #log: UnsteadyLog
  readonly #follower: LogFollower
  readonly #watch: LinkWatch
  readonly #random: Random
  #epoch: Epoch | undefined
  #delivered = 0
  #isAttached = false
  #isCalling = false

  constructor(log: UnsteadyLog, follower: LogFollower, watch: LinkWatch, random: Random) {
    this.#log = log
    this.#follower = follower
    this.#watch = watch
    this.#random = random
  }

  get isAttached(): boolean {
    return this.#isAttached
  }

  /** How many records wait to be delivered. */
  get waiting(): number {
    return this.#isAttached ? this.#log.head - this.#delivered : 0
  }

  /** The newest position that was delivered, if the log is still in the same epoch. */
  get delivered(): number | undefined {
    return this.#epoch === this.#log.epoch ? this.#delivered : undefined
  }

  /** @param floor the place after which everything is to be delivered, at most the head. */
  attach(floor: number): void {
    const { epoch, head } = this.#log
    this.#epoch = epoch
    this.#delivered = floor
    this.#isAttached = true
    this.#watch.attaching({ epoch, floor, head })
    this.#call(() => this.#follower.attach({ epoch: epoch.name, floor: String(floor), head: String(head) }))
    this.notice()
  }

  detach(): void {
    if (!this.#isAttached) return
    this.#isAttached = false
    this.#watch.detaching()
    this.#call(() => this.#follower.detach(new Error('The log was cut off.')))
  }

  stop(): void {
    this.#isAttached = false
  }

  /** There may be something new. */
  notice(): void {
    if (!this.isDeferred) this.deliver(Number.POSITIVE_INFINITY)
  }

  /** Delivers up to so many records, in batches. */
  deliver(count: number): void {
    // What comes while the hub is called waits until it has returned.
    if (this.#isCalling) return
    for (let left = count; left > 0 && this.waiting > 0; ) {
      const size = Math.min(left, this.waiting, this.isDeferred ? this.#random.size(1, 64) : this.waiting)
      const batch: LogRecord[] = []
      for (let i = 0; i < size; i++) {
        const record = this.#log.at(++this.#delivered)
        if (record === undefined) throw new Error('There is no such record.')
        batch.push(record)
        this.#watch.delivering(this.#delivered, this.#epoch?.at(this.#delivered))
      }
      left -= size
      this.#call(() => this.#follower.records(batch))
    }
  }

  #call(call: () => void): void {
    this.#isCalling = true
    try {
      call()
    } finally {
      this.#isCalling = false
    }
  }
}

/** What hubs write for each other is not for clients. */
function isControl({ topic }: LogEntry): boolean {
  return topic.startsWith('sse.')
}
