import { createReadStream } from 'node:fs'
import type { Socket } from 'node:net'
import { addressOf, readUnanswered } from './unanswered.ts'

/** Where Linux tells of its connections. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']
/** Of the patience of the most impatient connection: how often the tables are read, and from when on a peer is told of. */
const PERIOD = 1 / 4
const LATE = 3 / 4
/** Of all time at most so much is spent reading them: of 50,000 connections it takes a third of a second. */
const SHARE = 1 / 20
/** For so long after it was first asked for, in milliseconds, what was found counts. */
const GOOD = 1_000

/** The ends of a connection of TCP. */
export type Ends = Pick<Socket, 'localPort' | 'remoteAddress' | 'remotePort'>

/**
 * Finds peers that have vanished: whose machine lost its power or its network, so that no FIN or RST will come.
 *
 * What is written to them waits in the kernel, where Node sees nothing of it, until the kernel gives up after a quarter of
 * an hour. Linux tells in a table how long it has been sending in vain; elsewhere nothing is known, and nobody has vanished.
 */
export class PeerWatch {
  readonly #tables: readonly string[]
  /** The least of those asked with since the last look. */
  #patience = Number.POSITIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  /** How long after a look the next one may be, at least. */
  #pause = 0
  #isLooking = false
  /** For how long peers had acknowledged nothing when it was looked last, by their ends. */
  #unanswered: ReadonlyMap<string, number> = new Map()
  /** Until when that counts: they may have answered since. */
  #goodUntil: number | undefined

  constructor(tables: readonly string[] = tablesOf(process)) {
    this.#tables = tables
  }

  /**
   * Whether a peer has acknowledged nothing for nearly as long as it may. To be asked of each connection about once a second; looks
   * at the tables when that is due, for all who ask in the second after.
   *
   * @param patience how long it may, in milliseconds.
   * @param now in milliseconds, by any clock.
   */
  hasVanished({ localPort, remoteAddress = '', remotePort }: Ends, patience: number, now: number): boolean {
    this.#lookWhenDue(patience, now)
    if (this.#unanswered.size === 0) return false
    this.#goodUntil ??= now + GOOD
    if (now > this.#goodUntil) return false
    const ms = this.#unanswered.get(keyOf({ local: localPort, remote: remotePort, address: addressOf(remoteAddress) }))
    return ms !== undefined && ms >= patience * LATE
  }

  #lookWhenDue(patience: number, now: number): void {
    this.#patience = Math.min(this.#patience, patience)
    const isDue = now - this.#lookedAt >= Math.max(this.#patience * PERIOD, this.#pause)
    if (!isDue || this.#isLooking || this.#tables.length === 0) return
    this.#lookedAt = now
    void this.#look(this.#patience * LATE)
    this.#patience = Number.POSITIVE_INFINITY
  }

  /** Never rejects: a table that cannot be read tells of nobody. */
  async #look(atLeast: number): Promise<void> {
    this.#isLooking = true
    const began = performance.now()
    const found = new Map<string, number>()
    for (const table of this.#tables) {
      try {
        for await (const one of readUnanswered(createReadStream(table, 'latin1'))) {
          if (one.ms >= atLeast) found.set(keyOf(one), one.ms)
        }
      } catch {
        // Without IPv6 there is no such table; in some sandboxes there is none at all.
      }
    }
    this.#unanswered = found
    this.#goodUntil = undefined
    this.#pause = (performance.now() - began) / SHARE
    this.#isLooking = false
  }
}

function keyOf({ local, remote, address }: { local?: number; remote?: number; address: string }): string {
  return `${local} ${remote} ${address}`
}

/** Where a process reads of its connections: on Linux, by Node alone. Deno would ask its user for permission, and wait for an answer. */
export function tablesOf({ platform, versions }: Pick<NodeJS.Process, 'platform' | 'versions'>): readonly string[] {
  return platform === 'linux' && versions.deno === undefined && versions.bun === undefined ? TABLES : []
}

/** That of this process. */
export const peers: PeerWatch = new PeerWatch()
