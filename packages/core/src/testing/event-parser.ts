/** One event as a browser's `EventSource` would dispatch it. */
export interface ReceivedEvent {
  /** Its type: `message` where the stream names none. */
  readonly event: string
  /** Its `data` lines, joined by LF. */
  readonly data: string
  /** What `lastEventId` says on the event: the last id of the stream so far, which need not be this event's own. */
  readonly id: string
  /** The reconnection time in milliseconds, if the event's own block sets it. */
  readonly retry?: number
}

/**
 * Interprets an event stream by the letter of the standard, so that tests see what a browser sees: it dispatches
 * nothing without `data`, commits an id with the blank line only, and drops a block that the end of the stream cuts
 * short.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventParser {
  readonly #onComment: (text: string) => void
  #unfinishedLine: string[] = []
  #endedInCr = false

  #name = ''
  #data: string[] = []
  #id: string
  #blockRetry: number | undefined

  #lastEventId: string
  #retry: number | undefined

  constructor(options: { readonly lastEventId?: string; readonly onComment?: (text: string) => void } = {}) {
    this.#onComment = options.onComment ?? (() => {})
    this.#lastEventId = this.#id = options.lastEventId ?? ''
  }

  /** What a client that reconnected now would send. Empty: nothing. */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /** The reconnection time in milliseconds, if the stream has set one. */
  get retry(): number | undefined {
    return this.#retry
  }

  /**
   * Reads on, up to each event in turn: as long as the caller has not asked for the next one, what lies behind has not
   * been looked at. Has to be read to its end before the next call.
   */
  *push(text: string): Generator<ReceivedEvent, void> {
    if (text === '') return
    const lines = (this.#endedInCr && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\n|\r/)
    this.#endedInCr = text.endsWith('\r')
    const unfinished = lines.pop() ?? ''
    for (const line of lines) {
      const event = this.#readLine(this.#unfinishedLine.join('') + line)
      this.#unfinishedLine = []
      if (event !== undefined) yield event
    }
    this.#unfinishedLine.push(unfinished)
  }

  #readLine(line: string): ReceivedEvent | undefined {
    if (line === '') return this.#endBlock()
    const colon = line.indexOf(':')
    if (colon === -1) this.#readField(line, '')
    else this.#readField(line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1))
    return undefined
  }

  #readField(name: string, value: string): void {
    if (name === '') this.#onComment(value)
    else if (name === 'event') this.#name = value
    else if (name === 'data') this.#data.push(value)
    // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value."
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    // "If the field value consists of only ASCII digits": not `Number()`, which takes signs, blanks and exponents.
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.#retry = this.#blockRetry = Number(value)
  }

  #endBlock(): ReceivedEvent | undefined {
    const event = { event: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n'), id: this.#id }
    const hasData = this.#data.length > 0
    const retry = this.#blockRetry
    this.#lastEventId = this.#id
    this.#name = ''
    this.#data = []
    this.#blockRetry = undefined
    if (!hasData) return undefined
    return retry === undefined ? event : { ...event, retry }
  }
}
