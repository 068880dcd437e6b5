import { Chunk, COMMENT } from '../connection/chunk.ts'
import type { Connection, Feed } from '../connection/connection.ts'
import { afterTurn } from '../connection/turn.ts'
import { encodeEvent } from '../wire/encode.ts'
import type { Audience, Batch, Delivery } from './audience.ts'
import type { FanOut, GapReason, LossReason } from './fan-out.ts'
import type { MappedEvents } from './mapping.ts'
import type { Lag } from './options.ts'
import type { Mark } from './ring.ts'
import type { SnapshotCall, Snapshots } from './snapshot.ts'

/** So much is written to a client that catches up before the event loop gets a turn. */
const TURN_BYTES = 256 * 1024
/** How long a client may be ahead of the log, in milliseconds: another node may have served it. */
export const AHEAD_TIMEOUT = 5_000
/** What a step answers that wrote nothing and leaves nothing to do for now. */
const REST = -1

/** Where a client begins that brings no id. */
export type Replay = 'none' | 'all' | number

/** What a subscription asks of its cursors: the same for all of them. */
export interface CursorOptions {
  readonly fanOut: FanOut
  readonly snapshots: Snapshots | undefined
  readonly replay: Replay
  readonly lag: Lag
  /** An id to go on from, where the client brought none. */
  readonly after: string | undefined
  /** What becomes of each event for this client alone; its snapshot's, too. */
  readonly mapping?: MappedEvents
}

interface Gap {
  readonly reason: GapReason
  readonly from: string | null
}

interface Showing {
  readonly call: SnapshotCall
  /** What the snapshot was taken for. */
  readonly reason: 'fresh' | GapReason
  readonly isRetry: boolean
  chunks: readonly Chunk[] | undefined
  sent: number
}

/**
 * - `waiting` for the log
 * - `showing` a snapshot
 * - `reading` the ring, as fast as the client takes it
 * - `live`: it has everything, and gets what its audience is flushed
 */
type Phase = 'waiting' | 'showing' | 'reading' | 'live'

/** The position up to which one connection has been served: all that is kept of a client, however slow. */
export class Cursor implements Feed {
  readonly connection: Connection
  readonly ownsIds = true
  /** Its place among the live cursors of its audience; -1 when it is not. */
  index = -1
  readonly #audience: Audience
  readonly #options: CursorOptions
  #phase: Phase = 'waiting'
  /** Up to where it was served. A live one may have passed more: what was not meant for it. */
  #mark: Mark | undefined
  /** The newest frame whose id the client knows, or an equal one; -1 if it knows none. */
  #sentSeq = -1
  /** It has come back, and gets what it has missed. */
  #isReplaying = false
  /** When a client that is ahead of the log is given up, by the heartbeat's clock. */
  #deadline: number | undefined
  #gap: Gap | undefined
  #showing: Showing | undefined

  constructor(connection: Connection, audience: Audience, options: CursorOptions) {
    this.connection = connection
    this.#audience = audience
    this.#options = options
    options.fanOut.add(this)
  }

  get topics(): readonly string[] {
    return this.#audience.selection.topics
  }

  get cursor(): string | undefined {
    const { fanOut } = this.#options
    const mark = this.#phase === 'live' ? fanOut.flushed : this.#mark
    return mark === undefined ? undefined : fanOut.ring.idOf(mark.position)
  }

  /** Finds the client's place and opens the stream there; where the log is not there yet, it opens and waits. */
  begin(): void {
    const { fanOut, after } = this.#options
    if (!fanOut.isReady) return this.#wait()
    const { id = after, refused } = this.connection.lastEventId
    if (refused) return this.#lostResume({ reason: 'unknown-id', from: null })
    if (id === undefined) return this.#fresh()
    const place = fanOut.locate(id)
    if (place.kind === 'lost') return this.#lostResume(place)
    if (place.kind === 'ahead') return this.#waitUntilReached(place.position)
    this.#resume(place.mark, id)
  }

  /** The log is there, or has gone on. */
  proceed(): void {
    try {
      if (this.#gap === undefined) this.begin()
      else this.#lost(this.#gap)
    } catch (error) {
      this.connection.fail(error, this.#audience.asked)
    }
  }

  /** The log did not reach the client's id. */
  giveUp(): void {
    this.#lostResume({ reason: 'unknown-id', from: this.connection.lastEventId.id ?? null })
  }

  /** The log's history was lost. The client is told as soon as there is a log again. */
  lose(reason: GapReason): void {
    // A client that has not been placed yet has nothing to lose.
    if (this.#phase === 'waiting' && this.#gap === undefined) return
    // While it is shown a snapshot, its cursor is the snapshot's, which it has not been told yet.
    const known = this.#sentSeq < 0 || this.#phase === 'showing' ? null : (this.cursor ?? null)
    const pending = this.#gap
    // Who is to begin anew does, whatever else is lost before it is told.
    if (pending === undefined || !beginsAnew(pending)) this.#gap = { reason, from: pending?.from ?? known }
    this.#leave()
    this.#isReplaying = false
    this.#mark = undefined
    this.#wait()
  }

  /** Takes what its audience was flushed, or, where its sink is full, keeps its place and reads it later. */
  deliver({ chunk, lastSeq, before, upTo }: Delivery): void {
    if (this.#mark !== undefined && this.#mark.seq >= upTo.seq) return
    if (!this.connection.isWritable) return this.#fallBehind(before)
    if (this.#options.mapping !== undefined) return this.#readOn(before)
    const hasRoom = this.connection.write(chunk)
    this.#mark = upTo
    this.#sentSeq = lastSeq
    if (!hasRoom) this.#fallBehind(upTo)
  }

  /** Ends the stream if it was served up to the last event of all. */
  endAt({ seq }: Mark): void {
    if (this.#mark?.seq === seq) this.connection.close('complete')
  }

  drained(): void {
    this.#pump()
  }

  beat(): Chunk {
    const { fanOut } = this.#options
    const isStale = this.#phase === 'live' && this.#sentSeq < fanOut.flushed.seq
    if (!fanOut.checkpoints || !isStale) return COMMENT
    this.#sentSeq = fanOut.flushed.seq
    return fanOut.checkpoint
  }

  /** The ring has gone on by an eighth since `since`: the id that a live client was sent last is not to be older. */
  sweep(since: number): void {
    const { fanOut, lag } = this.#options
    if (this.#phase === 'live' && this.connection.isWritable) {
      if (fanOut.checkpoints && this.#sentSeq < since) this.connection.write(this.beat())
    } else if (this.#phase === 'reading' && lag === 'disconnect' && this.#gap === undefined && !this.#isComplete) {
      this.connection.close('slow')
    }
  }

  closed(): void {
    const { fanOut } = this.#options
    this.#leave()
    fanOut.delete(this)
    fanOut.release(this.#audience)
  }

  get #isComplete(): boolean {
    const { fanOut } = this.#options
    return this.#mark !== undefined && fanOut.ring.isComplete(this.#audience.selection, this.#mark)
  }

  #wait(): void {
    this.#phase = 'waiting'
    this.connection.open()
    this.#options.fanOut.wait(this)
  }

  #waitUntilReached(position: string | undefined): void {
    this.#phase = 'waiting'
    // First of all it opens: with the first stream the heartbeat's clock begins to run.
    this.connection.open()
    this.#deadline ??= this.#options.fanOut.heartbeat.now + AHEAD_TIMEOUT
    this.#options.fanOut.waitUntilReached(this, position, this.#deadline)
  }

  #fresh(): void {
    const { fanOut, snapshots } = this.#options
    if (snapshots !== undefined) return this.#show('fresh', false)
    const mark = this.#freshMark()
    this.#mark = mark
    if (fanOut.checkpoints) this.#openWithId(mark)
    this.#read()
  }

  #openWithId({ seq, position }: Mark): void {
    const frame = `id: ${this.#options.fanOut.ring.idOf(position)}\n\n`
    this.#sentSeq = seq
    if (this.connection.isOpen) this.connection.write(Chunk.ofText(frame, 0))
    else this.connection.open(frame)
  }

  #resume(mark: Mark, id: string): void {
    const { fanOut } = this.#options
    if (this.#audience.hasEndedBy(mark)) {
      fanOut.resumed.ended++
      return this.connection.isOpen ? this.connection.close('complete') : this.connection.respond(204)
    }
    this.#sentSeq = mark.seq
    this.#isReplaying = true
    if (!fanOut.ring.isComplete(this.#audience.selection, mark))
      return this.#lostResume({ reason: 'trimmed', from: id })
    fanOut.resumed.complete++
    this.#mark = mark
    this.#read()
  }

  #lostResume(gap: Gap & { readonly reason: LossReason }): void {
    this.#options.fanOut.resumed[gap.reason]++
    this.#lost(gap)
  }

  /** It cannot be proved that nothing is missing: the client is told, and where it goes on from. */
  #lost(gap: Gap): void {
    this.#gap = gap
    if (this.#options.snapshots === undefined) this.#read()
    else this.#show(gap.reason, false)
  }

  #read(): void {
    this.#phase = 'reading'
    this.connection.open()
    this.#pump()
  }

  #show(reason: 'fresh' | GapReason, isRetry: boolean): void {
    const { snapshots, mapping } = this.#options
    if (snapshots === undefined) return
    this.#showing?.call.leave()
    const call = snapshots.join(reason)
    const showing: Showing = { call, reason, isRetry, chunks: undefined, sent: 0 }
    this.#showing = showing
    this.#isReplaying = false
    this.#mark = call.mark
    this.#phase = 'showing'
    this.connection.open()
    const shown = mapping === undefined ? call.chunks : call.chunks.then(() => mapping.chunksOf(call.publications))
    shown.then(
      (chunks) => {
        showing.chunks = chunks
        if (this.#showing === showing) this.#pump()
      },
      (error: unknown) => {
        if (this.#showing === showing) this.connection.fail(error, 'snapshot')
      },
    )
    this.#pump()
  }

  /** Writes as long as the client takes it. */
  #pump(): void {
    let bytes = 0
    try {
      while (this.connection.isWritable) {
        const written = this.#step()
        if (written === REST) return
        bytes += written
        if (bytes >= TURN_BYTES) return afterTurn(() => this.#pump())
      }
    } catch (error) {
      this.connection.fail(error, this.#audience.asked)
    }
  }

  /** Writes what comes next, and answers how many bytes, or that there is nothing for now. */
  #step(): number {
    if (this.#showing !== undefined) return this.#stepShowing(this.#showing)
    return this.#phase === 'reading' ? this.#stepReading() : REST
  }

  #stepShowing(showing: Showing): number {
    const { call, chunks, reason, isRetry, sent } = showing
    if (this.#gap !== undefined) return this.#writeGap(call.mark, true)
    if (chunks === undefined) return REST
    if (!this.#isComplete) {
      if (isRetry) this.connection.close('slow')
      else {
        // What was shown of the first try is to be dropped.
        if (sent > 0) this.#gap = { reason: 'lag', from: null }
        this.#show(reason, true)
      }
      return REST
    }
    const chunk = chunks[sent]
    if (chunk !== undefined) {
      showing.sent++
      return this.#write(chunk)
    }
    this.#showing = undefined
    call.leave()
    this.#phase = 'reading'
    this.#sentSeq = call.mark.seq
    return this.#write(Chunk.ofText(`id: ${this.#options.fanOut.ring.idOf(call.mark.position)}\n\n`, 0))
  }

  #stepReading(): number {
    const { fanOut, lag, snapshots } = this.#options
    if (this.#gap !== undefined) return this.#writeGap(this.#markAfterGap(this.#gap), false)
    if (this.#mark === undefined || !this.#isComplete) {
      if (lag === 'disconnect') this.connection.close('slow')
      else this.#gap = { reason: 'lag', from: this.cursor ?? null }
      if (this.#gap === undefined || snapshots === undefined) return 0
      this.#show('lag', false)
      return REST
    }
    if (this.#mark.seq >= fanOut.flushed.seq) {
      this.#phase = 'live'
      this.#isReplaying = false
      this.#audience.join(this)
      return REST
    }
    const { chunk, lastSeq, mark, isLast } = this.#readAfter(this.#mark)
    // Whoever maps may have ended the stream.
    if (this.connection.isOver || this.#phase !== 'reading') return REST
    const written = chunk === undefined ? 0 : this.#write(chunk)
    this.#mark = mark
    if (chunk !== undefined) this.#sentSeq = lastSeq
    if (chunk !== undefined && this.#isReplaying) fanOut.replayed += chunk.events
    if (isLast) this.connection.close('complete')
    return written
  }

  #readAfter({ seq }: Mark): Batch {
    const { fanOut, lag, mapping } = this.#options
    if (mapping === undefined) return this.#audience.read(seq, fanOut.flushed, lag === 'conflate')
    const reading = this.#audience.readFrames(seq, fanOut.flushed, lag === 'conflate')
    this.#audience.asked = 'map'
    return mapping.batchOf(reading, seq)
  }

  #writeGap(mark: Mark, snapshot: boolean): number {
    const { fanOut } = this.#options
    const gap = this.#gap
    if (gap === undefined) return 0
    const to = fanOut.ring.idOf(mark.position)
    const data = { reason: gap.reason, from: gap.from, to, snapshot }
    const written = this.#write(Chunk.ofText(encodeEvent({ event: 'sse.gap', data, ...(!snapshot && { id: to }) }), 0))
    fanOut.gaps[gap.reason]++
    this.#gap = undefined
    this.#mark = mark
    if (!snapshot) this.#sentSeq = mark.seq
    return written
  }

  #markAfterGap(gap: Gap): Mark {
    const { fanOut, lag } = this.#options
    if (beginsAnew(gap)) return this.#freshMark()
    return lag === 'skip' ? fanOut.flushed : fanOut.ring.start
  }

  #freshMark(): Mark {
    const { fanOut, replay } = this.#options
    fanOut.evict()
    if (replay === 'all') return fanOut.ring.start
    return this.#audience.markBeforeNewest(replay === 'none' ? 0 : replay, fanOut.flushed)
  }

  #write(chunk: Chunk): number {
    this.connection.write(chunk)
    return chunk.bytes.length
  }

  /** Its sink is full: keeps its place, and nothing else. */
  #fallBehind(mark: Mark): void {
    this.#audience.leave(this)
    this.#mark = mark
    this.#phase = 'reading'
  }

  /** What its audience was flushed is for others as it is: it reads it by itself. */
  #readOn(mark: Mark): void {
    this.#fallBehind(mark)
    this.#pump()
  }

  #leave(): void {
    this.#audience.leave(this)
    this.#showing?.call.leave()
    this.#showing = undefined
  }
}

/** Whether a client that had such a gap is a fresh one: of where it was, nothing is known. */
function beginsAnew({ reason }: Gap): boolean {
  return reason === 'epoch' || reason === 'unknown-id'
}
