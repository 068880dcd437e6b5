import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '@sse/tooling/random'
import { drawRequest, type HostileRequest, type Knowledge } from './requests.ts'

/** How the bytes of an attack are sent. */
type Pace = 'whole' | 'in pieces' | 'byte by byte'

/**
 * How an attack ends; the offsets are those of its first byte that is not sent, or not read, and `ms` is how long it lasts at
 * most, once everything was sent.
 */
type Ending =
  | { readonly how: 'stays'; readonly ms: number; readonly resets: boolean }
  | { readonly how: 'half closes'; readonly ms: number }
  | { readonly how: 'stops sending'; readonly at: number; readonly resets: boolean }
  | { readonly how: 'stops reading'; readonly at: number; readonly ms: number; readonly resets: boolean }

/** What one connection does. */
export interface Attack {
  readonly requests: readonly HostileRequest[]
  readonly pace: Pace
  readonly reads: 'all' | 'nothing' | 'slowly'
  readonly ending: Ending
}

/** What came of it. */
export interface Outcome {
  readonly attack: Attack
  /** What came up to its end. */
  readonly bytes: Buffer
  /** Whether the server has said that nothing more comes, before the client did. */
  readonly hasEnded: boolean
  /** Whether the connection was over, one way or another, before the client ended it. */
  readonly isOver: boolean
}

/** How long an attack lasts at most, in milliseconds, once everything was sent. */
const MOST = 700

/** How long who is patient waits for what must come, in milliseconds. */
const PATIENCE = 10_000

/** Draws what one connection does: up to four requests, the later ones behind streams that need not end. */
export function drawAttack(random: Random, knowledge: Knowledge): Attack {
  const count = random.weighted([
    [1, 6],
    [2, 3],
    [3, 1],
    [4, 1],
  ])
  const requests = Array.from({ length: count }, () => drawRequest(random, knowledge)).filter(
    // Node sends the interim response to one that is pipelined behind another within its final one.
    ({ bytes }, i) => i === 0 || !bytes.includes('Expect: 100-continue'),
  )
  const length = lengthOf(requests)
  const pace = random.weighted<Pace>([
    ['whole', 6],
    ['in pieces', 2],
    ['byte by byte', length < 600 ? 1 : 0],
  ])
  const reads = random.weighted([
    ['all', 6],
    ['nothing', 1],
    ['slowly', 1],
  ] as const)
  const resets = random.chance(0.5)
  // Who does not read stays until the server has had enough of it.
  if (reads === 'nothing') return { requests, pace, reads, ending: { how: 'stays', ms: 2 * MOST, resets } }
  const ms = random.int(5, MOST)
  const ending = random.weighted<Ending>([
    [{ how: 'stays', ms, resets }, 4],
    [{ how: 'half closes', ms }, 1],
    [{ how: 'stops sending', at: random.int(0, length), resets }, 2],
    [{ how: 'stops reading', at: random.size(1, 3_000), ms: MOST, resets }, 2],
  ])
  return { requests, pace, reads, ending }
}

/** Attacks that stop at each byte of a request in turn, and at each of the first of what is answered. */
export function* everyByte(request: HostileRequest, answered: number): Generator<Attack> {
  for (const resets of [false, true]) {
    for (let at = 0; at < request.bytes.length; at++) {
      yield { requests: [request], pace: 'whole', reads: 'all', ending: { how: 'stops sending', at, resets } }
    }
    for (let at = 1; at <= answered; at++) {
      yield { requests: [request], pace: 'whole', reads: 'all', ending: { how: 'stops reading', at, ms: 60, resets } }
    }
  }
}

/** Whether an attack waits for what must come, however busy the machine is. */
export function isPatient({ pace, reads, ending }: Attack): boolean {
  const { ms } = { ms: 0, ...ending }
  return pace === 'whole' && reads === 'all' && ms > MOST / 2 && ['stays', 'half closes'].includes(ending.how)
}

/**
 * Runs an attack to its end, which takes two seconds at most, unless it is patient. Never fails.
 *
 * @param isEnough whether that is what a patient one waits for; one that has half closed waits for the end.
 */
export async function runAttack(attack: Attack, port: number, isEnough: (bytes: Buffer) => boolean): Promise<Outcome> {
  const { ending, reads, pace } = attack
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // That the server cuts it off is what it asks for.
  socket.on('error', () => {})
  const reading = new Reading(socket, ending.how === 'stops reading' ? ending.at : Number.POSITIVE_INFINITY)
  if (reads === 'nothing') socket.pause()
  if (reads === 'slowly') socket.on('data', () => pauseFor(socket, 20))
  const text = Buffer.concat(attack.requests.map(({ bytes }) => bytes))
  await send(socket, ending.how === 'stops sending' ? text.subarray(0, ending.at) : text, pace)
  if (ending.how === 'half closes') socket.end()
  const over = Promise.race([closed, reading.over])
  if (ending.how === 'stops sending') await flushed(socket)
  else await Promise.race([over, sleep(ending.ms)])
  if (isPatient(attack)) {
    if (ending.how === 'half closes') await Promise.race([over, sleep(PATIENCE)])
    for (let waited = 0; waited < PATIENCE && !socket.closed && !isEnough(reading.bytes); waited += 50) await sleep(50)
  }
  const outcome = {
    attack,
    bytes: reading.bytes,
    hasEnded: reading.hasEnded,
    isOver: reading.hasEnded || socket.closed,
  }
  if ('resets' in ending && ending.resets) socket.resetAndDestroy()
  else socket.destroy()
  return outcome
}

/** An attack in a few words, and how to send its bytes again. */
export function tell({ requests, pace, reads, ending }: Attack): string {
  const text = Buffer.concat(requests.map(({ bytes }) => bytes)).toString('latin1')
  const shown = text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text
  return `sends ${pace}, reads ${reads}, ${JSON.stringify(ending)}: ${JSON.stringify(shown)}`
}

function lengthOf(requests: readonly HostileRequest[]): number {
  return requests.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** What comes over a socket, up to some byte. */
class Reading {
  /** Resolves when so many bytes have come, or the server has ended the connection. */
  readonly over: Promise<void>
  hasEnded = false
  readonly #parts: Buffer[] = []
  readonly #most: number
  #length = 0

  constructor(socket: Socket, most: number) {
    this.#most = most
    this.over = new Promise((resolve) => {
      socket.on('data', (part: Buffer) => {
        this.#parts.push(part)
        this.#length += part.length
        if (this.#length >= most) resolve()
      })
      socket.once('end', () => {
        this.hasEnded = this.#length < most
        resolve()
      })
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts).subarray(0, this.#most)
  }
}

async function send(socket: Socket, bytes: Buffer, pace: Pace): Promise<void> {
  const step = pace === 'whole' ? bytes.length : pace === 'in pieces' ? Math.ceil(bytes.length / 7) : 1
  for (let at = 0; at < bytes.length && socket.writable; at += step) {
    socket.write(bytes.subarray(at, at + step))
    // A macrotask between two pieces is enough for each to be a packet of its own.
    if (at + step < bytes.length) await sleep(pace === 'in pieces' ? 5 : 0)
  }
}

function flushed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (!socket.writable) return resolve()
    socket.write('', () => resolve())
    socket.once('close', () => resolve())
  })
}

function pauseFor(socket: Socket, ms: number): void {
  socket.pause()
  setTimeout(() => socket.resume(), ms)
}
