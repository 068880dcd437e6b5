import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Latencies } from './latencies.ts'
import { offer } from './remote.ts'
import { DIGITS, MARK, microseconds } from './stamp.ts'

/** So many handshakes at once: a server's queue takes them all. */
const AT_ONCE = 256

const REQUEST = 'GET /feed HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n'
const MARK_BYTE = MARK.charCodeAt(0)
const ZERO = '0'.charCodeAt(0)

/** What the clients have got so far. */
export interface Received {
  readonly total: number
  /** Fewest and most events of one client. */
  readonly least: number
  readonly most: number
  readonly cut: number
  readonly latencies: Uint32Array
  /** Of one core, in milliseconds, since it began. */
  readonly cpu: number
}

// All sockets read into one buffer, and nothing is made for what comes: the client is not what is measured.
const space = Buffer.alloc(64 * 1024 + 1)
const buffer = space.subarray(0, -1)
const counts: number[] = []
const latencies = new Latencies()
let total = 0
let cut = 0
let cpu = process.cpuUsage()
let stoppedBy: string | undefined

const methods = {
  /** Opens so many connections, in turn from each of the addresses; answers how many there are, and what stopped it if fewer. */
  async open(given: { port: number; count: number; addresses: readonly string[] }) {
    let next = 0
    const openInTurn = async (): Promise<void> => {
      while (next < given.count && stoppedBy === undefined) {
        const localAddress = given.addresses[next++ % given.addresses.length] ?? '127.0.0.1'
        await open(given.port, localAddress)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, openInTurn))
    return { open: counts.length, stoppedBy }
  },

  /** Forgets what has come. */
  begin(): void {
    counts.fill(0)
    latencies.counts.fill(0)
    total = 0
    cpu = process.cpuUsage()
  },

  /** Resolves when so many events have come in all, or none came for ten seconds. */
  async receive(events: number): Promise<Received> {
    for (let before = -1, patience = 200; total < events && patience > 0; before = total) {
      patience = total === before ? patience - 1 : 200
      await pause(50)
    }
    const { user, system } = process.cpuUsage(cpu)
    const least = counts.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    const most = counts.reduce((a, b) => Math.max(a, b), 0)
    return { total, least, most, cut, latencies: latencies.counts, cpu: (user + system) / 1_000 }
  },
}

/** The methods of a process with clients. */
export type ScaleCrowdOffer = typeof methods

/** Resolves when a response has begun, or there is none. */
function open(port: number, localAddress: string): Promise<void> {
  return new Promise((resolve) => {
    let index = -1
    const socket = connect({
      host: '127.0.0.1',
      port,
      localAddress,
      onread: {
        buffer,
        callback(length) {
          if (index < 0) index = counts.push(0) - 1
          resolve()
          const found = take(length)
          counts[index] = (counts[index] ?? 0) + found
          total += found
          return true
        },
      },
    })
    socket.on('error', ({ message }) => {
      stoppedBy ??= message
    })
    socket.on('close', () => {
      if (index >= 0) cut++
      resolve()
    })
    socket.write(REQUEST)
  })
}

/** How many events end in what was read; each with its stamp, unless that began in another read. */
function take(length: number): number {
  let found = 0
  // Where there is no other, the search ends behind what was read.
  space[length] = MARK_BYTE
  for (let at = space.indexOf(MARK_BYTE); at < length; at = space.indexOf(MARK_BYTE, at + 1)) {
    found++
    if (at < DIGITS) continue
    let stamp = 0
    for (let digit = at - DIGITS; digit < at; digit++) stamp = stamp * 10 + (space[digit] ?? ZERO) - ZERO
    latencies.add(microseconds() - stamp)
  }
  return found
}

offer(methods)
