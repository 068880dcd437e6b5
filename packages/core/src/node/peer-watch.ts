import { createReadStream } from 'node:fs'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { addressOf, readUnanswered, type Unanswered } from './unanswered.ts'

/** Where Linux tells of its connections. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']
/** Of the patience of the most impatient connection: how often the tables are read, and from when on a peer is told of. */
const PERIOD = 1 / 4
const LATE = 3 / 4
/** Of all time at most so much is spent reading them: of 50,000 connections it takes a third of a second. */
const SHARE = 1 / 20
/** So many connections are looked through before the event loop gets a turn. */
const BATCH = 1_000

/** A connection whose peer is watched. */
export interface Watched {
  readonly socket: Pick<Socket, 'localPort' | 'remoteAddress' | 'remotePort'> | undefined
  /** How long a peer may take nothing while bytes wait, in milliseconds. */
  readonly patience: number
  /** Its peer has acknowledged nothing for that long. */
  vanished(): void
}

/**
 * Finds peers that have vanished: whose machine lost its power or its network, so that no FIN or RST will come.
 *
 * What is written to them waits in the kernel, where Node sees nothing of it, until the kernel gives up after a quarter of
 * an hour. Linux tells in a table how long it has been sending in vain; elsewhere nothing is known, and nobody is told of.
 */
export class PeerWatch {
  readonly #watched = new Set<Watched>()
  readonly #tables: readonly string[]
  #patience = Number.POSITIVE_INFINITY
  #dueAt = 0
  #isLooking = false

  constructor(tables: readonly string[] = tablesOf(process)) {
    this.#tables = tables
  }

  /** Watches a connection, and looks at the tables when that is due: to be called once a second or so, for each. */
  watch(one: Watched, now: number): void {
    if (this.#tables.length === 0) return
    this.#watched.add(one)
    this.#patience = Math.min(this.#patience, one.patience)
    if (this.#isLooking || now < this.#dueAt) return
    this.#isLooking = true
    const began = performance.now()
    void this.#look().finally(() => {
      this.#isLooking = false
      const took = performance.now() - began
      this.#dueAt = now + Math.max(this.#patience * PERIOD, took / SHARE)
    })
  }

  /** Lets go of a connection that has closed. */
  forget(one: Watched): void {
    this.#watched.delete(one)
    if (this.#watched.size > 0) return
    this.#patience = Number.POSITIVE_INFINITY
    this.#dueAt = 0
  }

  /** Never rejects: a table that cannot be read tells of nobody. */
  async #look(): Promise<void> {
    const late: Unanswered[] = []
    for (const table of this.#tables) {
      try {
        for await (const one of readUnanswered(createReadStream(table, 'latin1'))) {
          if (one.ms >= this.#patience * LATE) late.push(one)
        }
      } catch {
        // Without IPv6 there is no such table; in some sandboxes there is none at all.
      }
    }
    if (late.length > 0) await this.#tell(late)
  }

  async #tell(late: readonly Unanswered[]): Promise<void> {
    const times = new Map(late.map(({ local, remote, address, ms }) => [`${local} ${remote} ${address}`, ms]))
    let looked = 0
    for (const one of this.#watched) {
      const { remoteAddress = '', remotePort, localPort } = one.socket ?? {}
      const ms = times.get(`${localPort} ${remotePort} ${addressOf(remoteAddress)}`)
      if (ms !== undefined && ms >= one.patience * LATE) one.vanished()
      if (++looked % BATCH === 0) await nextTurn()
    }
  }
}

/** Where a process reads of its connections: on Linux, by Node alone. Deno would ask its user for permission, and wait for an answer. */
export function tablesOf({ platform, versions }: Pick<NodeJS.Process, 'platform' | 'versions'>): readonly string[] {
  return platform === 'linux' && versions.deno === undefined && versions.bun === undefined ? TABLES : []
}

/** That of this process. */
export const peers: PeerWatch = new PeerWatch()
