/** The byte that stands exactly once in each event's data and nowhere else in a stream: `~`. */
export const MARKER = 0x7e

const fillers = new Map<number, string>()

/**
 * The data of one event: ASCII, exactly `bytes` long, different for each `sequence`, with one marker.
 *
 * @param bytes at least 12.
 */
export function payload(sequence: number, bytes: number): string {
  let filler = fillers.get(bytes)
  if (filler === undefined) {
    filler = 'x'.repeat(bytes - 11)
    fillers.set(bytes, filler)
  }
  return `${String(sequence).padStart(10, '0')}~${filler}`
}

/** An async generator as an application would write it: `count` small events, one marker each. */
export async function* ticks(count: number): AsyncGenerator<{ id: string; data: string }> {
  for (let n = 1; n <= count; n++) yield { id: String(n), data: `tick ${n}~` }
}

/** The `count` that a request for `/generator?count=…` asks for. */
export function requestedCount(url: string | undefined): number {
  return Number(new URL(url ?? '/', 'http://localhost').searchParams.get('count'))
}
