/** What was published, and what became of it. Its serial is its index in the history. */
export interface Publish {
  readonly serial: number
  readonly topic: string
  /** How long its padding is, in characters. */
  readonly size: number
  /** The process that published it: a restarted node is another one. */
  readonly publisher: string
  /** When it was asked for. All times of a run are milliseconds of one clock. */
  readonly at: number
  /** Set if it was accepted. */
  id?: string
  /** Set if it was rejected: it may be in the log nevertheless, once. */
  error?: string
  settledAt?: number
}

/** Why a client was told of a gap. */
export type GapReason = 'trimmed' | 'epoch' | 'unknown-id' | 'lag'

/** Something that a client did or saw. */
export type Sight =
  | { readonly kind: 'request'; readonly at: number; readonly node: string; readonly id: string | undefined }
  | {
      readonly kind: 'event'
      readonly at: number
      readonly id: string
      readonly serial: number
      readonly topic: string
      readonly size: number
    }
  | { readonly kind: 'id'; readonly at: number; readonly id: string }
  | {
      readonly kind: 'gap'
      readonly at: number
      readonly reason: GapReason
      readonly from: string | null
      readonly to: string
    }

/** Everything that one client did and saw, in order, across its requests. */
export interface Trail {
  readonly client: string
  /** Names and patterns. */
  readonly topics: readonly string[]
  readonly seen: Sight[]
}

/** Somebody removed the beginning of the log. */
export interface Trim {
  readonly at: number
  /** The newest position that may have been removed. */
  readonly upTo: number
}

/** What stood in the engine at the end of a run. */
export interface FinalLog {
  readonly epoch: string
  /** Everything from this position on must be there. */
  readonly first: number
  readonly records: readonly { readonly serial: number; readonly position: number }[]
}

/** Something happened to the log after which it may, once, begin a new epoch. */
export interface Reset {
  readonly at: number
  /** When it was over. */
  until: number
}

/** A run: all that was done, and all that was seen. */
export interface History {
  /** How many events the ring of a node holds. */
  readonly ring: number
  /** How long after a reset a publish may still be answered with an id of the epoch before, in milliseconds. */
  readonly noticing: number
  readonly publishes: Publish[]
  readonly trails: Trail[]
  readonly resets: Reset[]
  readonly trims: Trim[]
  /** Serials that were accepted when all was quiet: every client of their topics must have got them. */
  readonly finals: number[]
  /** Where each node was at the end: an id. */
  readonly heads: Map<string, string>
  log?: FinalLog
}

/** A place in the log. */
export interface Place {
  readonly epoch: string
  /** Its number: positions of Redis are `<ms>-<number>`, those of NATS the number alone. */
  readonly position: number
}

/** Reads an id: `<epoch>.<position>`. */
export function placeOf(id: string): Place | undefined {
  const match = /^([\da-zA-Z-]+)\.(?:\d+-)?(\d+)$/.exec(id)
  return match?.[1] === undefined ? undefined : { epoch: match[1], position: Number(match[2]) }
}

/** Whether a topic is one that a client chose: `*` is one part, `**` at the end one or more. */
export function isChosen(topic: string, topics: readonly string[]): boolean {
  return topics.some((pattern) => matches(topic.split('/'), pattern.split('/')))
}

function matches(parts: readonly string[], pattern: readonly string[]): boolean {
  if (pattern.at(-1) === '**') return parts.length >= pattern.length && matchesEach(parts, pattern.slice(0, -1))
  return parts.length === pattern.length && matchesEach(parts, pattern)
}

function matchesEach(parts: readonly string[], pattern: readonly string[]): boolean {
  return pattern.every((part, index) => part === '*' || part === parts[index])
}
