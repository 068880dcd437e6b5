/** Whom a body tells what its reader does. */
export interface BodyOwner {
  /** A body that was full has room again. */
  drained(): void
  /** Nobody will read it any more. */
  gone(): void
}

/** How many bytes may wait in a body that nobody reads. */
export const HIGH_WATER_MARK: number = 16 * 1024

/** The body of a `Response`, read at the client's pace. */
export class WebBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly #owner: BodyOwner
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #isFull = false

  constructor(owner: BodyOwner) {
    this.#owner = owner
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pulled(),
        cancel: () => {
          // One that was cancelled takes nothing more, not even its end.
          this.#controller = undefined
          this.#owner.gone()
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK }),
    )
  }

  /** Bytes that were written and not read. */
  get bufferedBytes(): number {
    return HIGH_WATER_MARK - (this.#controller?.desiredSize ?? HIGH_WATER_MARK)
  }

  /** Takes bytes. False: taken, but now it is full, and `drained` will follow. */
  write(bytes: Uint8Array): boolean {
    const controller = this.#controller
    if (controller === undefined) return false
    controller.enqueue(bytes)
    this.#isFull = (controller.desiredSize ?? 0) <= 0
    return !this.#isFull
  }

  /** Ends it after what was written. */
  end(): void {
    this.#controller?.close()
    this.#controller = undefined
  }

  /** Whether it takes nothing more: where nothing waits in it, its end has reached whoever reads it. */
  get hasEnded(): boolean {
    return this.#controller === undefined
  }

  /** Cuts it: whoever reads it must not wait for ever. What waits is dropped. */
  cut(reason: string): void {
    this.#controller?.error(new DOMException(reason, 'AbortError'))
    this.#controller = undefined
  }

  #pulled(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#owner.drained()
  }
}
