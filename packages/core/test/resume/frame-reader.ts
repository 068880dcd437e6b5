import { createParser, type EventSourceParser } from 'eventsource-parser'
import { Violation } from './violation.ts'

/** What a blank line ended, as far as it concerns an observer. */
export interface Block {
  /** The id that the client has from now on, if the block has one. */
  readonly id: string | undefined
  /** `undefined`: nothing was dispatched. */
  readonly event: { readonly name: string; readonly data: string } | undefined
}

/** Reads the bytes of a stream with somebody else's parser. */
export class FrameReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #parser: EventSourceParser
  #blocks: Block[] = []
  #id: string | undefined
  #hasRetry = false

  constructor() {
    this.#parser = createParser({
      onId: (id) => {
        this.#flush()
        this.#id = id
      },
      onEvent: ({ id, event = 'message', data }) => {
        // It was told of an event's own id just before.
        if (id === undefined) this.#flush()
        else this.#id = undefined
        this.#blocks.push({ id, event: { name: event, data } })
      },
      onRetry: () => {
        this.#hasRetry = true
      },
      onError: (error) => {
        throw new Violation('data', `the stream has a line that is no field: ${error.message}`)
      },
    })
  }

  /** Whether the stream has said how long to wait before reconnecting. */
  get hasRetry(): boolean {
    return this.#hasRetry
  }

  /** What these bytes complete, in order. */
  read(bytes: Uint8Array): Block[] {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
    this.#flush()
    return this.#blocks.splice(0)
  }

  #flush(): void {
    if (this.#id === undefined) return
    this.#blocks.push({ id: this.#id, event: undefined })
    this.#id = undefined
  }
}
