/** The byte that stands exactly once in each event's data and nowhere else in a stream: `~`. */
export const MARKER = 0x7e

/** So many digits begin the data of each event. */
export const STAMP_DIGITS = 10

const fillers = new Map<number, string>()

/**
 * The data of one event: ASCII, exactly `bytes` long, different for each `sequence`, with one marker.
 *
 * @param bytes at least 12.
 */
export function payload(sequence: number, bytes: number): string {
  let filler = fillers.get(bytes)
  if (filler === undefined) {
    filler = 'x'.repeat(bytes - STAMP_DIGITS - 1)
    fillers.set(bytes, filler)
  }
  return `${String(sequence).padStart(STAMP_DIGITS, '0')}~${filler}`
}

/** A clock that all processes of this machine share, in µs: it begins anew every 10,000 seconds, to fit in the digits. */
export function microseconds(): number {
  return Math.floor(Number(process.hrtime.bigint() / 1_000n) % 1e10)
}

/** From one time of that clock to another, less than 10,000 seconds later. */
export function microsecondsSince(then: number, now: number): number {
  return (now - then + 1e10) % 1e10
}

/** An async generator as an application would write it: `count` small events, one marker each. */
export async function* ticks(count: number): AsyncGenerator<{ id: string; data: string }> {
  for (let n = 1; n <= count; n++) yield { id: String(n), data: `tick ${n}~` }
}

/** The `count` that a request for `/generator?count=…` asks for. */
export function requestedCount(url: string | undefined): number {
  return Number(new URL(url ?? '/', 'http://localhost').searchParams.get('count'))
}
