import { Readable } from 'node:stream'
import { type BodyOwner, HIGH_WATER_MARK } from '../connection/web-body.ts'

/** A body as frameworks on Node pipe it into a response, read at the client's pace. */
export class NodeBody {
  readonly stream: Readable
  #isFull = false

  constructor(owner: BodyOwner) {
    this.stream = new Readable({
      highWaterMark: HIGH_WATER_MARK,
      read: () => {
        if (!this.#isFull) return
        this.#isFull = false
        // Node asks for more before it has passed on what it has: only then is it known where that went.
        process.nextTick(() => owner.drained())
      },
      destroy: (error, callback) => {
        owner.gone()
        callback(error)
      },
    })
  }

  /** Bytes that were written and not read. */
  get bufferedBytes(): number {
    return this.stream.readableLength
  }

  /** Takes bytes. False: taken, but now it is full, and `drained` will follow. */
  write(bytes: Uint8Array): boolean {
    if (this.stream.destroyed) return false
    this.#isFull = !this.stream.push(bytes)
    return !this.#isFull
  }

  /** Ends it after what was written. */
  end(): void {
    if (!this.stream.destroyed) this.stream.push(null)
  }

  /** Whether its end has been read. */
  get hasEnded(): boolean {
    return this.stream.readableEnded
  }

  /** Cuts it: a pipe of it fails. What waits is dropped. */
  cut(): void {
    this.stream.destroy()
  }
}
