import { type Hub, type Publication, type Subscription, topic } from '@sse/core'
import type { AnswerEvents, StopReason } from './events.ts'
import type { Model } from './model.ts'

/** The longest answer, in tokens: it is cut after them. */
export const MAX_TOKENS = 512

/** The events after which nothing comes. */
const LAST: ReadonlySet<string> = new Set(['done', 'stopped', 'failed'] satisfies (keyof AnswerEvents)[])

/** What an answer is begun with. */
export interface AnswerSetup {
  readonly id: string
  readonly prompt: string
  readonly hub: Hub<AnswerEvents>
  readonly model: Model
  /** How long it goes on without a reader, in milliseconds. */
  readonly patience: number
}

/** One answer: it is written once, into a topic of its own, and read by any number of streams, from wherever they are. */
export class Answer {
  readonly id: string
  /** Resolves when its last event has been published. */
  readonly ended: Promise<void>
  readonly #setup: AnswerSetup
  readonly #topic: string
  readonly #events: Subscription<AnswerEvents>
  readonly #work = new AbortController()
  #tokens = 0
  #isRunning = true
  #readers = 0
  #stopReason: StopReason | undefined
  #abandonment: NodeJS.Timeout | undefined

  /** Begins it. */
  constructor(setup: AnswerSetup) {
    this.id = setup.id
    this.#setup = setup
    this.#topic = topic`answers/${setup.id}`
    // Whoever comes without an id gets all of it, whoever brings one the rest, and after the last event: 204.
    this.#events = setup.hub.subscribe(this.#topic, { replay: 'all', until: ({ event }) => LAST.has(event) })
    this.#expectReaders()
    this.ended = this.#write()
      .catch((error: unknown) => console.error(`tokens: answer ${setup.id}:`, error))
      .finally(() => this.#end())
  }

  /** How many tokens it has so far. */
  get tokens(): number {
    return this.#tokens
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /**
   * What a reader's stream is to be fed with. As long as there are readers the answer goes on, and for a while without:
   * whoever reloads a page finds it again.
   *
   * @param left resolves when the reader has gone.
   */
  read(left: Promise<unknown>): Subscription<AnswerEvents> {
    this.#readers++
    clearTimeout(this.#abandonment)
    void left.then(() => {
      this.#readers--
      if (this.#readers === 0 && this.#isRunning) this.#expectReaders()
    })
    return this.#events
  }

  /** Aborts the model, and resolves when the last event has been published; an answer that has ended stays as it is. */
  stop(reason: StopReason): Promise<void> {
    this.#stopReason ??= reason
    this.#work.abort()
    return this.ended
  }

  #expectReaders(): void {
    this.#abandonment = setTimeout(() => void this.stop('abandoned'), this.#setup.patience).unref()
  }

  async #write(): Promise<void> {
    const { id, prompt, model } = this.#setup
    const { signal } = this.#work
    try {
      await this.#publish({ event: 'begun', data: { id, prompt, model: model.name } })
      for await (const text of model.answer(prompt, signal)) {
        if (this.#tokens === MAX_TOKENS) break
        await this.#publish({ event: 'token', data: { n: ++this.#tokens, text } })
      }
      await this.#publish({ event: 'done', data: { tokens: this.#tokens } })
    } catch (error) {
      const tokens = this.#tokens
      const reason = this.#stopReason
      if (reason !== undefined) return await this.#publish({ event: 'stopped', data: { tokens, reason } })
      await this.#publish({ event: 'failed', data: { tokens } })
      throw error
    }
  }

  async #publish(event: Publication<AnswerEvents>): Promise<void> {
    await this.#setup.hub.publish(this.#topic, event)
  }

  #end(): void {
    this.#isRunning = false
    clearTimeout(this.#abandonment)
  }
}
