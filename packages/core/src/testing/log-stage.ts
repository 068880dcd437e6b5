import type { EventLog, LogEntry } from '../hub/log.ts'
import { LogObserver } from './log-observer.ts'
import { entryOf } from './log-samples.ts'

/** How to get at the logs that are to be held to the contract. What is left out has no cases. */
export interface LogHarness {
  /** Makes a log that is empty and that nobody else uses. Called once for every case. */
  create(): EventLog | Promise<EventLog>
  /** Opens a log that `create` made once more, as another process would. */
  open?(log: EventLog): EventLog | Promise<EventLog>
  /** Cuts what connects a log with its engine, which the log is to notice and to mend by itself. Nothing is lost. */
  interrupt?(log: EventLog): void | Promise<void>
  /** Makes the engine lose all that a log has, as a restart without persistence does. Resolves once it has. */
  lose?(log: EventLog): void | Promise<void>
  /** Releases what `create` and `open` made. */
  dispose?(log: EventLog): void | Promise<void>
  /** The log keeps history: a follower gets, within the tail it asks for, what was appended before. Default false. */
  readonly keepsHistory?: boolean
  /** How long a case waits for anything, in milliseconds. Default 5000. */
  readonly timeout?: number
}

/** Where an append got its place. */
export type Place = Awaited<ReturnType<EventLog['append']>>

/** One fresh log, and all that watch it in one case. */
export class LogStage {
  readonly log: EventLog
  readonly #harness: LogHarness
  readonly #opened: EventLog[]
  readonly #observers: LogObserver[] = []

  constructor(harness: LogHarness, log: EventLog) {
    this.#harness = harness
    this.log = log
    this.#opened = [log]
  }

  /** Appends an event that has this text. */
  append(text: string): Promise<Place> {
    return handled(this.log.append(entryOf(text)))
  }

  /** Appends in order, without waiting for one before the next. */
  appendAll(entries: readonly LogEntry[]): Promise<Place[]> {
    return handled(Promise.all(entries.map((entry) => this.log.append(entry))))
  }

  /** A new follower, attached. It asks for all that the log has unless told otherwise. */
  observe(options: { log?: EventLog; maxEvents?: number; maxBytes?: number } = {}): Promise<LogObserver> {
    const { log = this.log, maxEvents = 10_000, maxBytes = 2 ** 26 } = options
    const observer = new LogObserver(log, this.#harness.timeout ?? 5_000)
    this.#observers.push(observer)
    observer.start({ maxEvents, maxBytes })
    return handled(observer.until(() => observer.attachments.length > 0, 'attach()').then(() => observer))
  }

  /** The same log as another process has it. */
  async open(): Promise<EventLog> {
    const log = await this.#harness.open?.(this.log)
    if (log === undefined) throw new TypeError('the harness cannot open a log once more')
    this.#opened.push(log)
    return log
  }

  /** Cuts the log off its engine. */
  async interrupt(): Promise<void> {
    await this.#harness.interrupt?.(this.log)
  }

  /** Makes the engine lose everything. */
  async lose(): Promise<void> {
    await this.#harness.lose?.(this.log)
  }

  /** Throws the first violation that any of the followers saw. */
  verify(): void {
    for (const observer of this.#observers) observer.verify()
  }

  /** Stops and releases everything. What goes wrong in stopping has a case of its own. */
  async clear(): Promise<void> {
    await Promise.allSettled(this.#observers.map((observer) => observer.stop()))
    for (const log of this.#opened) await this.#harness.dispose?.(log)
  }
}

/** A case that has failed waits for nothing more: what else fails then has nobody to tell. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Plays one case on a log of its own. */
export async function onStage(harness: LogHarness, play: (stage: LogStage) => Promise<void>): Promise<void> {
  const stage = new LogStage(harness, await harness.create())
  try {
    await play(stage)
    stage.verify()
  } finally {
    await stage.clear()
  }
}
