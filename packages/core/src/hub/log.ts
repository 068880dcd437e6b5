/**
 * One event as the log keeps it: text only, already checked and serialized, so that every process reads the same.
 *
 * All texts are well-formed Unicode and may hold any character (`topic` no control character, `event` no line break). A log
 * carries them exactly. Hubs frame records as they are, without another look: where strangers can write to an engine, its
 * log checks what it reads (`checkedRecord` of `@sse/core/engine`).
 */
export interface LogRecord {
  /** Its place in the log: one or more of `[0-9a-zA-Z-]`. Together with the epoch and a dot at most 128 bytes. */
  readonly position: string
  /** What it was published to: 1 to 256 bytes. Names that start with `sse.` are the hub's own. */
  readonly topic: string
  /** The type that clients dispatch it as. */
  readonly event: string
  /** The text of its `data`, possibly empty. */
  readonly data: string
  /** `data` was a string to begin with, not something serialized: it is not to be deserialized. */
  readonly raw: boolean
  /**
   * Of events of one topic and name that have the same key, only the newest matters. Absent is not the same as empty.
   */
  readonly key?: string
}

/** An event on its way into the log, before it has a place there. */
export type LogEntry = Omit<LogRecord, 'position'>

/** How much of what is in a log already a follower wants. */
export interface TailBounds {
  readonly maxEvents: number
  /** Of `data`, as UTF-8. */
  readonly maxBytes: number
}

/**
 * The log of one hub: ordered, append-only, followed by every process that serves clients. The only thing an engine
 * implements; `logContract` of `@sse/core/testing` holds it to what is said here.
 */
export interface EventLog {
  /**
   * Puts an event at the end of the log and resolves, once the log has accepted it, with the place it got. Calls of
   * one process get their places in the order of the calls, also when none waits for the one before. The entry is
   * taken as it is at the call.
   *
   * @returns a promise that rejects if the log did not accept the event. It may have: an answer can be lost. Never
   * throws.
   */
  append(record: LogEntry): Promise<{ epoch: string; position: string }>

  /**
   * Hands the log to a follower, in order, until stopped. Any number may follow; they see the same order.
   *
   * @param tail how much of what is in the log already is to be delivered: a log that keeps history begins where no
   * more than `maxEvents` and `maxBytes` (of `data`, as UTF-8) come before its end. One that keeps none begins there.
   * @returns stops: from its call on nothing is delivered, and it resolves when nothing is held any more. May be
   * called again.
   */
  follow(follower: LogFollower, tail: TailBounds): () => Promise<void>

  /**
   * A hub whose ring holds so many events is going to follow. A log that keeps history for processes that start is to keep
   * as many. Called by `createHub`; no I/O.
   *
   * @throws {SseError} `SSE_INVALID_FIELD` naming the log's option, if it was told to keep less.
   */
  mustKeep?(events: number): void

  /**
   * Nobody here appends any more, for now: once every append has its answer, whatever is held for appending, such as a
   * connection, is let go of. Followers are not concerned, and the log may be used again. A log that holds nothing has
   * no such method.
   */
  release?(): Promise<void>

  /** Negative if `a` comes before `b` in the log, positive if after, 0 if they are the same place. Of one epoch. */
  compare(a: string, b: string): number

  /**
   * Whether a text could be a position of this log. Asked of whatever clients send, so it must be cheap and strict.
   */
  isPosition(text: string): boolean

  /**
   * Whether a text could be an epoch of this log that began after another one of its epochs. Asked of whatever clients
   * send. A client that comes from a node which knows of the new epoch already is not sent back to the old one: it waits
   * here until the log is as far. A log whose epochs tell no order has no such method.
   */
  isLaterEpoch?(text: string, epoch: string): boolean
}

/**
 * Who reads a log. None of the three is called while another of them runs, and none throws: a follower that does is
 * detached with what it threw, and gets nothing more.
 */
export interface LogFollower {
  /**
   * Before any record, and again after every reconnect: from here on everything after `floor` is delivered, in order,
   * once. Both are positions, also in an empty log. `head` is the newest one at this moment: the place of a record
   * that is going to be delivered, or the `floor` where none is waiting.
   *
   * Within an epoch `floor` is never before the last record delivered: the same place if nothing was missed, after it
   * if history was lost meanwhile, as it was if the epoch is another one than before.
   */
  attach(at: { epoch: string; floor: string; head: string }): void
  /** The next records, one or more, in order. The batch may be shared: it is not to be changed. */
  records(batch: readonly LogRecord[]): void
  /**
   * The log cannot be read for now, also for the first time, before any `attach`. It may come again for every attempt
   * that fails; records come only after the next `attach`.
   */
  detach(error: unknown): void
}
