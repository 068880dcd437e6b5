import { setTimeout as pause } from 'node:timers/promises'
import { LightEventSource } from './event-source.ts'
import { offer } from './remote.ts'
import { Sequence } from './sequence.ts'

/** What clients that come back have seen. */
export interface Seen {
  /** When each connection was made, in milliseconds since 1970, in order. */
  readonly connects: Float64Array
  /** Responses that began; more than one a client where it was told to come back later. */
  readonly opened: number
  /** Numbers that never came to somebody, came again or too early, over all clients. */
  readonly lost: number
  readonly repeated: number
  readonly gaps: number
  /** Answers that would make a browser give up for good. */
  readonly failed: number
  readonly firstFailure: string | undefined
}

interface Client {
  readonly source: LightEventSource
  readonly sequence: Sequence
  isStalled: boolean
}

const clients: Client[] = []
let ports: readonly number[] = []
let connects: number[] = []
let opened = 0
let failed = 0
let firstFailure: string | undefined

const methods = {
  /** Where the service can be found from now on. */
  find(now: readonly number[]): void {
    ports = now
  },

  /** Resolves when so many more are open, each with something to compare what comes next with. */
  async join(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      clients.push(join(n))
      // As many at once as a server's queue of connections takes.
      if (n % 100 === 99) await pause(10)
    }
    while (!clients.every(({ sequence }) => sequence.hasBegun)) await pause(20)
  },

  /** So many of them take nothing any more. */
  stall(count: number): void {
    for (const client of clients.slice(0, count)) {
      client.isStalled = true
      client.source.stall()
    }
  },

  /** Resolves when all who take anything have seen this number. */
  async reach(n: number): Promise<void> {
    while (!clients.every(({ sequence, isStalled }) => isStalled || sequence.last >= n)) await pause(20)
  },

  /** Those who took nothing do again. */
  resume(): void {
    for (const { source } of clients) source.resume()
  },

  /** Forgets connections so far. */
  forget(): void {
    connects = []
    opened = 0
  },

  /** Resolves when everyone is back and has seen this number, or some have not within `patience` ms. */
  async settle(last: number, patience: number): Promise<Seen> {
    const deadline = performance.now() + patience
    while (!clients.every(({ sequence }) => sequence.last >= last) && performance.now() < deadline) await pause(20)
    const all = clients.map(({ sequence }) => sequence)
    return {
      connects: Float64Array.from(connects),
      opened,
      lost: sum(all, (sequence) => sequence.lost + Math.max(0, last - sequence.last)),
      repeated: sum(all, (sequence) => sequence.repeated),
      gaps: sum(all, (sequence) => sequence.gaps),
      failed,
      firstFailure,
    }
  },
}

/** The methods of the process with the clients. */
export type ClientsOffer = typeof methods

function join(n: number): Client {
  const sequence = new Sequence()
  const source = new LightEventSource({
    path: '/feed',
    // Each address has ports of its own, for those that wait for the last packet of who was there before.
    localAddress: `127.0.0.${2 + (n % 4)}`,
    ports: () => (Math.random() < 0.5 ? ports : ports.toReversed()),
    onConnect: () => connects.push(performance.timeOrigin + performance.now()),
    onOpen: () => opened++,
    onEvent: ({ event, data }) => {
      if (event === 'sse.gap') sequence.gaps++
      else sequence.take(Number.parseInt(data, 10))
    },
    onFail: (head) => {
      failed++
      firstFailure ??= head
    },
  })
  source.connect()
  return { source, sequence, isStalled: false }
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0)
}

offer(methods)
