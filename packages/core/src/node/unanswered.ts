import { endianness } from 'node:os'

/** A connection of TCP whose peer has not acknowledged what was sent, though it was sent again. */
export interface Unanswered {
  /** The ports at both ends, and the address of the other one as `addressOf` writes it. */
  readonly local: number
  readonly remote: number
  readonly address: string
  /** For how long, in milliseconds; not more than it is. */
  readonly ms: number
}

/**
 * One line: number, both ends, state, queues, timer and when it is due, how often it was sent again, owner, probes, inode,
 * references, place, and how long is waited until it is sent again. Times are in hundredths of a second.
 *
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
const LINE =
  /^ *\d+: [\dA-F]+:([\dA-F]{4}) ([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4}) 01 [\dA-F:]+ 01:([\dA-F]{8}) ([\dA-F]{8}) +\d+ +\d+ \d+ \d+ [\da-f]+ (\d+) /
const HUNDREDTH = 10

/** Reads a table of Linux, `/proc/net/tcp`, in pieces as they come. */
export async function* readUnanswered(pieces: AsyncIterable<string>): AsyncGenerator<Unanswered> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      // Few wait for what they have sent: the others are not looked at closely.
      const one = line.includes(' 01:') ? parseLine(line) : undefined
      if (one !== undefined) yield one
    }
  }
}

function parseLine(line: string): Unanswered | undefined {
  const [, local = '', address = '', remote = '', due = '', again = '', wait = ''] = LINE.exec(line) ?? []
  const times = Number.parseInt(again, 16)
  if (!(times > 0)) return undefined
  // Each wait is twice the one before: what has passed is all of them, but for what is left of the last.
  const last = Number(wait)
  const passed = 2 * last - last / 2 ** times - Number.parseInt(due, 16)
  return { local: portOf(local), remote: portOf(remote), address, ms: Math.max(0, passed) * HUNDREDTH }
}

function portOf(hex: string): number {
  return Number.parseInt(hex, 16)
}

/** An address of IPv4 or IPv6 as the tables write it: in words of four bytes, each in the order of the machine. */
export function addressOf(text: string): string {
  const words = text.includes(':') ? wordsOf6(text) : [wordOf4(text)]
  return words.map((word) => (endianness() === 'LE' ? reversed(word) : word)).join('')
}

function wordOf4(text: string): string {
  return hexOf(text.split('.').map(Number), 2)
}

function wordsOf6(text: string): string[] {
  // A zone is none of the address; its end may be written as an address of IPv4.
  const plain = text.replace(/%.*$/, '').replace(/[\d.]+\.[\d.]+$/, (end) => wordOf4(end).replace(/^.{4}/, '$&:'))
  const [head = [], tail = []] = plain.split('::').map((half) => half.split(':').filter((part) => part !== ''))
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  const hex = hexOf(
    groups.map((group) => Number.parseInt(group, 16)),
    4,
  )
  return hex.match(/.{8}/g) ?? []
}

function hexOf(numbers: readonly number[], digits: number): string {
  return numbers
    .map((number) => number.toString(16).padStart(digits, '0'))
    .join('')
    .toUpperCase()
}

function reversed(word: string): string {
  return (word.match(/../g) ?? []).reverse().join('')
}
