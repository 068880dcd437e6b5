import type { CloseReason, Refusal } from '../connection/host.ts'
import type { GapReason, LossReason } from './fan-out.ts'
import type { LogState } from './following.ts'

/**
 * What became of a client that brought an id:
 *
 * - `complete`: it has got, or is getting, everything after it
 * - `ended`: it had seen the last event of its stream (`until`), and was answered 204
 * - `trimmed`, `epoch`, `unknown-id`: it was told of a gap, for that reason
 */
export type ResumeResult = 'complete' | 'ended' | LossReason

/**
 * Why an event was not published:
 *
 * - `eventBytes`: it was longer than that limit
 * - `waiting`: as many as may wait for the log did already
 * - `log`: the log did not accept it, or nobody knows whether it did
 */
export type PublishRefusal = 'eventBytes' | 'waiting' | 'log'

/** What a hub has done, and holds: a picture of the moment. Counters begin with the hub and never go back. */
export interface HubStats {
  /** Clients that are connected, also those whose stream is not open yet, and how many of them do not keep up. */
  readonly connections: number
  readonly lagging: number
  /** Streams that were opened. As many have `closed` as are not open any more. */
  readonly opened: number
  /** Clients for whom there was no room. They had no stream: `closed` does not count them, `onClose` is not told. */
  readonly refused: Readonly<Record<Refusal, number>>
  /** Events that were read from the log, whoever published them. */
  readonly published: number
  /** Events that this hub was to publish, and that were refused. */
  readonly rejected: Readonly<Record<PublishRefusal, number>>
  /** Events that were handed to sinks, once for each client. */
  readonly delivered: number
  /** Of these, events that a client had missed and got when it came back with an id, before it was live again. */
  readonly replayed: number
  /** Bytes that were handed to sinks. */
  readonly bytes: number
  /** Gaps that clients were told of. */
  readonly gaps: Readonly<Record<GapReason, number>>
  /**
   * Clients that brought an id, or were given one by `after`. One whose id cannot be placed yet, since the log is away or
   * behind, counts when it is.
   */
  readonly resumed: Readonly<Record<ResumeResult, number>>
  /** Streams that have ended. `limit`: one that was open already found no room in the hub that its source led it to. */
  readonly closed: Readonly<Record<CloseReason, number>>
  readonly log: {
    /** Whether the log can be read. */
    readonly state: LogState
    /** How many of what this hub has appended have no answer yet. */
    readonly waiting: number
    /**
     * How far this process is behind the log, in milliseconds: since when the oldest event that it has published, and has not
     * read back, is on its way, or since when the log cannot be read. Goes on growing until the log is read again. What
     * others publish shows with them.
     */
    readonly lag: number
  }
  /** What the ring holds: everything after the id `from`, up to `head`. */
  readonly ring: { readonly events: number; readonly bytes: number; readonly from: string; readonly head: string }
}
