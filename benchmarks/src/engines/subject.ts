import type { EventLog } from '@sse/core'

/** What keeps a log: `memory` is the process itself. */
export type EngineName = 'memory' | 'redis' | 'nats'

/** Where an engine is, and how much it is to keep. */
export interface Place {
  readonly url: string
  /** About so many events. */
  readonly retained: number
}

/** One way to use an engine: a client alone, or one of our logs on it. */
export interface Subject {
  /** The packages whose versions the report names. */
  readonly packages: readonly string[]
  connect(place: Place): Promise<Connected>
}

/** A process' connection to an engine, which ends with the process. */
export interface Connected {
  /** Puts an event with this data at the end of the log; resolves when the engine has it. */
  append(data: string): Promise<unknown>
  /** Reads the log from its first event on, until it is stopped. */
  read(reader: Reader): () => Promise<void>
  /** Where it is one of our logs: another one, as another node would have it. */
  openLog?(): EventLog
}

/** Gets the data of events in their order. */
export interface Reader {
  data(data: string): void
  /** It cannot go on. */
  fail(error: unknown): void
}

/** Where everything is published. */
export const TOPIC = 'bench'

/** So many events an engine keeps, where a measurement needs no other number: the logs' own default. */
export const RETAINED = 20_000
