import { STAMP_DIGITS } from '../payload.ts'

/** Holds events that are read to their order: each once, none missing. */
export class Sequence {
  #count = 0
  #firstAt = 0
  #next: number | undefined
  #failure: Error | undefined
  #awaited: { readonly last: number; readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined

  /** @param first the number of the first event; without it, whichever comes first. */
  constructor(first?: number) {
    this.#next = first
  }

  /** Takes the data of one event, which begins with its number. */
  data(data: string): void {
    const sequence = Number(data.slice(0, STAMP_DIGITS))
    this.#next ??= sequence
    if (sequence !== this.#next) this.fail(new Error(`event ${sequence} was read where ${this.#next} was due`))
    this.#next = sequence + 1
    if (this.#count++ === 0) this.#firstAt = performance.now()
    if (this.#awaited !== undefined && sequence >= this.#awaited.last) this.#awaited.resolve()
  }

  /** Whoever waits, or will, gets this error. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#awaited?.reject(this.#failure)
  }

  /**
   * Resolves when this number was read, all before it having been: with how many that were since the last time, and how many ms
   * passed from the first of these to the last. Rejects when one was missing or came again.
   */
  async reached(last: number): Promise<{ count: number; ms: number }> {
    if (this.#failure === undefined && (this.#next ?? 1) <= last) {
      await new Promise<void>((resolve, reject) => {
        this.#awaited = { last, resolve, reject }
      })
    }
    if (this.#failure !== undefined) throw this.#failure
    const read = { count: this.#count, ms: performance.now() - this.#firstAt }
    this.#count = 0
    return read
  }
}
