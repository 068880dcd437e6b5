import assert from 'node:assert/strict'
import type { EventLog, LogFollower, LogRecord, TailBounds } from '../hub/log.ts'

/** Where a log said that it begins and ends. */
type Attachment = Parameters<LogFollower['attach']>[0]

/** A follower that holds its log to the rules of the port at every call, and can be waited for. */
export class LogObserver implements LogFollower {
  /** What it was attached to, in order. */
  readonly attachments: Attachment[] = []
  /** What it was given, in order. */
  readonly received: LogRecord[] = []
  /** What it was detached with, in order. */
  readonly errors: unknown[] = []
  /** Called after each batch, within the log's call. */
  onRecords: (batch: readonly LogRecord[]) => void = () => {}

  readonly #log: EventLog
  readonly #timeout: number
  #stop: () => Promise<void> = () => Promise.resolve()
  #isAttached = false
  #isStopped = false
  #isCalled = false
  /** What it was given last, or the floor. */
  #cursor: { readonly epoch: string; readonly position: string } | undefined
  #violation: unknown
  #wakeAll: (() => void)[] = []

  /** @param timeout how long to wait for anything, in milliseconds. */
  constructor(log: EventLog, timeout: number) {
    this.#log = log
    this.#timeout = timeout
  }

  /** Begins to follow. */
  start(tail: TailBounds): void {
    this.#stop = this.#log.follow(this, tail)
  }

  /** Stops, after which any call is a violation. Resolves when the log says that it has let go. May be called again. */
  async stop(): Promise<void> {
    const stopped = this.#stop()
    this.#isStopped = true
    await this.#withDeadline(stopped, 'stop() to resolve')
  }

  /** Where the newest attachment began. */
  get at(): Attachment {
    const at = this.attachments.at(-1)
    assert(at !== undefined, 'attach() has not been called')
    return at
  }

  /** Waits for a condition, which is asked again after every call of the log. */
  async until(condition: () => boolean, what: string): Promise<void> {
    this.verify()
    while (!condition()) {
      await this.#withDeadline(new Promise<void>((resolve) => this.#wakeAll.push(resolve)), what)
      this.verify()
    }
  }

  /** Waits until it has been given what is at a position, or what comes after; at once if it is not after the floor. */
  async untilPast(position: string): Promise<void> {
    const isPast = (): boolean => this.#cursor !== undefined && this.#log.compare(position, this.#cursor.position) <= 0
    await this.until(isPast, `the record at ${position}`)
  }

  /** Throws the first violation, if there was one. */
  verify(): void {
    if (this.#violation !== undefined) throw this.#violation
  }

  attach(at: Attachment): void {
    this.#called(() => {
      assert(!this.#isAttached, 'attach() was called again without a detach() between')
      this.#checkAttachment(at)
      this.#isAttached = true
      this.#cursor = { epoch: at.epoch, position: at.floor }
      this.attachments.push({ ...at })
    })
  }

  records(batch: readonly LogRecord[]): void {
    this.#called(
      () => {
        assert(batch.length > 0, 'records() was called without a record')
        for (const record of batch) this.#take(record)
      },
      () => this.onRecords(batch),
    )
  }

  detach(error: unknown): void {
    this.#called(() => {
      this.#isAttached = false
      this.errors.push(error)
    })
  }

  #checkAttachment({ epoch, floor, head }: Attachment): void {
    checkId(this.#log, epoch, floor)
    checkId(this.#log, epoch, head)
    assert(this.#log.compare(floor, head) <= 0, `attach() has its floor ${floor} after its head ${head}`)
    if (this.#cursor?.epoch !== epoch) return
    const { position } = this.#cursor
    assert(this.#log.compare(position, floor) <= 0, `attach() went back from ${position} to ${floor} within an epoch`)
  }

  #take(record: LogRecord): void {
    assert(this.#isAttached && this.#cursor !== undefined, 'records() was called while detached')
    const { epoch, position } = this.#cursor
    checkId(this.#log, epoch, record.position)
    const isNext = this.#log.compare(position, record.position) < 0
    assert(isNext, `records() went from ${position} to ${record.position}: not in order, twice, or not after the floor`)
    this.#cursor = { epoch, position: record.position }
    this.received.push(record)
  }

  #called(check: () => void, react: () => void = () => {}): void {
    const isNested = this.#isCalled
    this.#isCalled = true
    try {
      assert(!isNested, 'the follower was called while a call of it was running')
      assert(!this.#isStopped, 'the follower was called after stop()')
      check()
    } catch (violation) {
      // Not thrown here: what a log does with a follower that throws is another matter.
      this.#violation ??= violation
    }
    try {
      react()
    } finally {
      this.#isCalled = isNested
      for (const wake of this.#wakeAll.splice(0)) wake()
    }
  }

  async #withDeadline(promise: Promise<void>, what: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const deadline = new Promise<never>((_, reject) => {
      const late = (): void => reject(new assert.AssertionError({ message: `waited ${this.#timeout} ms for ${what}` }))
      timer = setTimeout(late, this.#timeout)
    })
    try {
      await Promise.race([promise, deadline])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Asserts that an epoch and a position can be the id of an event, and that the log knows its own position. */
export function checkId(log: EventLog, epoch: string, position: string): void {
  for (const part of [epoch, position]) {
    assert.match(part, /^[0-9a-zA-Z-]+$/, `${JSON.stringify(part)} is not of the alphabet of epochs and positions`)
  }
  assert(`${epoch}.${position}`.length <= 128, `${epoch}.${position} is longer than 128 bytes`)
  assert(log.isPosition(position), `isPosition() denies ${position}, which the log gave`)
}
