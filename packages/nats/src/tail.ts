import type { LogRecord } from '@sse/core'

/** The newest records of a stream that is read from somewhere before: no more than there is room for. */
export class Tail {
  readonly #maxBytes: number
  #records: LogRecord[] = []
  #bytes: number[] = []
  #first = 0
  #total = 0

  /** @param maxBytes of `data`, as UTF-8 */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param bytes how long its data is */
  push(record: LogRecord, bytes: number): void {
    this.#records.push(record)
    this.#bytes.push(bytes)
    this.#total += bytes
    while (this.#total > this.#maxBytes) this.#total -= this.#bytes[this.#first++] ?? 0
    if (this.#first * 2 > this.#records.length) this.#forget()
  }

  /** What was read before cannot be told to be complete. */
  clear(): void {
    this.#first = this.#records.length
    this.#total = 0
    this.#forget()
  }

  /** Those that there is room for, in order. */
  get records(): readonly LogRecord[] {
    this.#forget()
    return this.#records
  }

  #forget(): void {
    this.#records = this.#records.slice(this.#first)
    this.#bytes = this.#bytes.slice(this.#first)
    this.#first = 0
  }
}
