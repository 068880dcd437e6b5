import type { Random } from '@sse/tooling/random'
import type { Block } from './frame-reader.ts'
import { FrameReader } from './frame-reader.ts'
import type { Scene } from './scene.ts'
import type { Session } from './session.ts'
import type { Stream } from './stream.ts'

/** How long a client may take nothing while bytes wait, and how often a heartbeat looks. In milliseconds. */
export const STALL_TIMEOUT = 30_000
export const TICK = 1_000

/** Whom a line tells what it reads. */
export interface LineOwner {
  take(block: Block): void
  /** The server ended the stream, or cut it. */
  over(line: Line, how: 'ended' | 'cut'): void
  /** Reports what a check throws. */
  check(check: () => void): void
}

/**
 * What a client reads of one request: as many chunks as it is allowed, and no more. What it has read of a chunk may
 * end anywhere; the rest is still on its way, and lost if the client goes.
 */
export class Line {
  readonly session: Session
  readonly #stream: Stream
  readonly #owner: LineOwner
  readonly #random: Random
  readonly #scene: Scene
  readonly #frames = new FrameReader()
  #allowed = 0
  #onWay: Uint8Array | undefined
  #isReading = false
  #isGone = false
  #wake: (() => void) | undefined
  #bytes = 0
  #readAt: number

  constructor(about: {
    readonly session: Session
    readonly stream: Stream
    readonly owner: LineOwner
    readonly random: Random
    readonly scene: Scene
  }) {
    this.#scene = about.scene
    this.#readAt = about.scene.clock.now
    this.session = about.session
    this.#stream = about.stream
    this.#owner = about.owner
    this.#random = about.random
    void this.#run()
  }

  /** Bytes it has read. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether it may have taken nothing from the stream for so long that the hub may cut it. */
  get isStalled(): boolean {
    // Through a socket bytes take their own time, which is not the clock's.
    return this.#scene.plan.isOnNode || this.#scene.clock.now - this.#readAt >= STALL_TIMEOUT - TICK
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** It waits for bytes, and has taken in all that it has read. */
  get isIdle(): boolean {
    return this.#isReading && this.#onWay === undefined
  }

  /** Lets it read so many chunks more. */
  allow(chunks: number): void {
    this.#allowed += chunks
    this.#wake?.()
  }

  /** From now on it reads nothing, and nobody has noticed. */
  abandon(): void {
    this.#isGone = true
    this.#wake?.()
  }

  /** The client goes, with what it has taken in. */
  drop(): void {
    this.abandon()
    this.#stream.cancel()
  }

  async #run(): Promise<void> {
    while (await this.#mayRead()) {
      const bytes = this.#onWay ?? (await this.#read())
      if (this.#isGone) return
      if (bytes === undefined) return this.#over('ended')
      this.#allowed--
      this.#owner.check(() => this.#takeIn(bytes))
    }
  }

  async #mayRead(): Promise<boolean> {
    while (this.#allowed <= 0 && !this.#isGone) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return !this.#isGone
  }

  async #read(): Promise<Uint8Array | undefined> {
    this.#isReading = true
    try {
      const bytes = await this.#stream.read()
      this.#readAt = this.#scene.clock.now
      return bytes
    } catch {
      if (!this.#isGone) this.#over('cut')
      return undefined
    } finally {
      this.#isReading = false
    }
  }

  #takeIn(bytes: Uint8Array): void {
    const isPart = Number.isFinite(this.#allowed) && bytes.length > 1 && this.#random.chance(0.4)
    const length = isPart ? this.#random.int(1, bytes.length - 1) : bytes.length
    this.#onWay = isPart ? bytes.subarray(length) : undefined
    this.#bytes += length
    for (const block of this.#frames.read(bytes.subarray(0, length))) this.#owner.take(block)
  }

  #over(how: 'ended' | 'cut'): void {
    this.#isGone = true
    this.#owner.over(this, how)
  }
}
