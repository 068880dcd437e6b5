import { SseError } from '../wire/error.ts'
import type { Audience } from './audience.ts'
import { AHEAD_TIMEOUT, type CursorOptions } from './cursor.ts'
import type { HubEvent } from './event.ts'
import type { GapReason } from './fan-out.ts'
import type { Mark } from './ring.ts'

/**
 * Reads a subscription's events directly, in this process. As with a client, all that is kept is a place in the ring: who
 * reads too slowly is told so, by an error.
 */
export class Reader implements AsyncIterableIterator<HubEvent> {
  readonly #audience: Audience
  readonly #options: CursorOptions
  #mark: Mark | undefined
  #epoch: string | undefined
  #events: HubEvent[] = []
  #isLast = false
  #isDone = false
  #wakeUp: (() => void) | undefined
  /** Runs while the log has not reached `after`. */
  #patience: ReturnType<typeof setTimeout> | undefined
  #isGivenUp = false
  /** Calls of `next` are answered one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(audience: Audience, options: CursorOptions) {
    this.#audience = audience
    this.#options = options
    options.fanOut.readers.add(this)
    // What is published from now on is to be read, whenever reading begins.
    if (options.fanOut.isReady && options.after === undefined) this.#placeOrClose()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<HubEvent>> {
    const result = this.#turn.then(() => this.#next())
    this.#turn = result.catch(() => {})
    return result
  }

  return(): Promise<IteratorResult<HubEvent>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the reading: nothing more comes. */
  close(): void {
    if (this.#isDone) return
    const { fanOut } = this.#options
    this.#isDone = true
    clearTimeout(this.#patience)
    fanOut.release(this.#audience)
    fanOut.readers.delete(this)
    this.wake()
  }

  wake(): void {
    this.#wakeUp?.()
    this.#wakeUp = undefined
  }

  async #next(): Promise<IteratorResult<HubEvent>> {
    try {
      while (!this.#isDone) {
        const event = this.#events.shift()
        if (event !== undefined) return { done: false, value: event }
        if (this.#isLast) this.close()
        else if (!this.#read()) await this.#more()
      }
    } catch (error) {
      this.close()
      throw error
    }
    return { done: true, value: undefined }
  }

  /** Waits for more to read; where the hub has closed, there will be none. */
  async #more(): Promise<void> {
    if (this.#options.fanOut.isEnded) this.close()
    else await new Promise<void>((resolve) => (this.#wakeUp = resolve))
  }

  /** Reads what there is; false if there is nothing for now. */
  #read(): boolean {
    const { fanOut, lag } = this.#options
    if (this.#mark === undefined && fanOut.isReady) this.#place()
    const mark = this.#mark
    if (mark === undefined) return false
    if (this.#epoch !== fanOut.ring.epoch) throw gap('epoch')
    if (!fanOut.ring.isComplete(this.#audience.selection, mark)) throw gap('lag')
    if (mark.seq >= fanOut.flushed.seq) return false
    const { frames, mark: read, isLast } = this.#audience.readFrames(mark.seq, fanOut.flushed, lag === 'conflate')
    this.#events = frames.map((frame) => fanOut.eventOf(frame))
    this.#mark = read
    this.#isLast = isLast
    return true
  }

  /** Who fails before the first read has nobody else to let go of what it holds. */
  #placeOrClose(): void {
    try {
      this.#place()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Finds where to begin; an id that the log has not reached yet is waited for, but not for ever. */
  #place(): void {
    const { fanOut, replay, after } = this.#options
    this.#epoch = fanOut.ring.epoch
    fanOut.evict()
    if (after === undefined) {
      this.#mark =
        replay === 'all'
          ? fanOut.ring.start
          : this.#audience.markBeforeNewest(replay === 'none' ? 0 : replay, fanOut.flushed)
      return
    }
    const place = fanOut.locate(after)
    if (place.kind === 'lost') throw gap(place.reason)
    if (place.kind === 'ahead') return this.#waitUntilReached()
    clearTimeout(this.#patience)
    if (!fanOut.ring.isComplete(this.#audience.selection, place.mark)) throw gap('trimmed')
    this.#mark = place.mark
  }

  #waitUntilReached(): void {
    if (this.#isGivenUp) throw gap('unknown-id')
    this.#patience ??= setTimeout(() => {
      this.#isGivenUp = true
      this.wake()
    }, AHEAD_TIMEOUT)
  }
}

function gap(reason: GapReason): SseError {
  return new SseError(
    'SSE_GAP',
    `It cannot be proved that nothing is missing (${reason}): read anew, without \`after\`.`,
    {
      cause: reason,
    },
  )
}
