import { afterTurn } from './turn.ts'

/**
 * How many connections are looked at before the event loop gets a turn: to write to 5,000 at once would stall it for
 * 50 ms, and to see which of 1,000 have stalled for 1 ms. An event that comes meanwhile waits for one such piece.
 */
const BATCH = 64
const MAX_TICK = 1_000
/** After so many ticks that did not come, the timer is held for dead. */
const MISSED_TICKS = 4

/** What a heartbeat keeps alive. */
export interface Beating {
  /** The time of the heartbeat's clock at the last write, in milliseconds. */
  readonly writtenAt: number
  /** A second has passed, or less: looks whether the stream has stalled or expired. */
  tick(now: number): void
  /** Nothing was written for an interval: writes something small, unless the sink is full. */
  beat(): void
}

/** How a heartbeat beats; both in milliseconds. */
export interface HeartbeatOptions {
  readonly interval: number | false
  readonly stallTimeout: number
}

/**
 * One timer for all connections, unref'd, running only while there are any. Connections opened at different times are
 * due at different times; those that were written to meanwhile are skipped.
 */
export class Heartbeat {
  readonly stallTimeout: number
  readonly #interval: number
  readonly #period: number
  readonly #members = new Set<Beating>()
  readonly #onTick: (now: number) => void
  #timer: ReturnType<typeof setInterval> | undefined
  #now = 0

  /** @param onTick is called at each tick, before the connections. */
  constructor({ interval, stallTimeout }: HeartbeatOptions, onTick: (now: number) => void = () => {}) {
    this.stallTimeout = stallTimeout
    this.#interval = interval === false ? Number.POSITIVE_INFINITY : interval
    this.#period = Math.max(1, Math.min(MAX_TICK, this.#interval / 4, stallTimeout / 4))
    this.#onTick = onTick
  }

  /** The time of the last tick, in milliseconds: cheap to read at each write, and never ahead of the clock. */
  get now(): number {
    return this.#now
  }

  add(member: Beating): void {
    this.#members.add(member)
    const now = clock()
    if (this.#timer !== undefined && now - this.#now < MISSED_TICKS * this.#period) return
    // On Workers a timer ends with the request that has set it, and nobody says so: others may go on without ticks.
    clearInterval(this.#timer)
    this.#now = now
    this.#timer = setInterval(() => this.#tick(), this.#period)
    unref(this.#timer)
  }

  delete(member: Beating): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    this.#now = clock()
    this.#onTick(this.#now)
    this.#serve(this.#members.values())
  }

  /** Whoever comes or leaves between two batches: a set's iterator goes on with those who are there. */
  #serve(members: Iterator<Beating>): void {
    for (let served = 0; served < BATCH; served++) {
      const { value: member, done } = members.next()
      if (done) return
      member.tick(this.#now)
      const isDue = this.#now - member.writtenAt >= this.#interval
      if (isDue && this.#members.has(member)) member.beat()
    }
    afterTurn(() => this.#serve(members))
  }
}

/** In whole milliseconds: a number that is no integer costs each connection an allocation. */
function clock(): number {
  return Math.trunc(performance.now())
}

/** Lets the process end while a timer runs: on Node one keeps it alive unless told otherwise; elsewhere it is a number. */
export function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
