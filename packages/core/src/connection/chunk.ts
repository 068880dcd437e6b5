/** Room for the chunk header of HTTP/1.1: eight hexadecimal digits, CR, LF. */
const HEADER = 10
const TRAILER = 2
const CR = 13
const LF = 10

const encoder = new TextEncoder()

/** Where there is a `Buffer` (Node, Bun, Deno), sockets take one as it is, and wrap any other view at each write. */
const { Buffer } = globalThis as { Buffer?: { allocUnsafeSlow(size: number): Uint8Array } }

function allocate(size: number): Uint8Array {
  return Buffer === undefined ? new Uint8Array(size) : Buffer.allocUnsafeSlow(size)
}

/**
 * Whole frames, joined once and then written to any number of sinks. Immutable: the same bytes are in many sockets.
 *
 * The payload lies between room for the chunk coding of HTTP/1.1, so that both forms share one allocation.
 */
export class Chunk {
  /** The frames' bytes, as a Web stream or a compressing response takes them. */
  readonly bytes: Uint8Array
  /** The same bytes as one complete chunk of HTTP/1.1 chunked coding: `<hex length> CRLF <bytes> CRLF`. */
  readonly coded: Uint8Array
  /** How many events are in it: for the statistics. */
  readonly events: number

  private constructor(room: Uint8Array, length: number, events: number) {
    let start = HEADER
    room[--start] = LF
    room[--start] = CR
    for (let rest = length; start === HEADER - 2 || rest > 0; rest >>>= 4) room[--start] = hexDigit(rest & 15)
    room[HEADER + length] = CR
    room[HEADER + length + 1] = LF
    this.bytes = room.subarray(HEADER, HEADER + length)
    this.coded = room.subarray(start, HEADER + length + TRAILER)
    this.events = events
  }

  /** A chunk of text that is already in frames. */
  static ofText(text: string, events: number): Chunk {
    const bytes = encoder.encode(text)
    return Chunk.ofBytes(bytes.length, events, (target) => target.set(bytes))
  }

  /** A chunk of `length` bytes, which `fill` writes. */
  static ofBytes(length: number, events: number, fill: (target: Uint8Array) => void): Chunk {
    const room = allocate(HEADER + length + TRAILER)
    fill(room.subarray(HEADER, HEADER + length))
    return new Chunk(room, length, events)
  }
}

function hexDigit(value: number): number {
  return value < 10 ? 48 + value : 87 + value
}

/** What a quiet stream without a cursor is sent: it dispatches nothing, and keeps proxies from cutting it. */
export const COMMENT: Chunk = Chunk.ofText(':\n\n', 0)
