/**
 * @import {AnswerEvents, StopReason} from '../src/events.ts'
 */
import { count } from './format.js'

/**
 * @typedef {'asking' | 'running' | 'done' | 'stopped' | 'failed' | 'gone'} State `gone`: the server does not have it any more
 * @typedef {'live' | 'replayed'} Arrival
 * @typedef {{ readonly kind: 'begun' | 'cut' | 'resumed' | 'ended' | 'trouble', readonly text: string }} Note
 *
 * @typedef {{ 'sse.gap': { readonly reason: string } } & AnswerEvents} Wire what the server sends, by the name of the event
 * @typedef {{ [Name in keyof Wire]: { name: Name, data: Wire[Name], id?: string | undefined } }[keyof Wire]} WireEvent
 */

/** One question and its answer, as far as it has come. Written to JSON and read back it goes on where it was. */
export class Turn {
  prompt = ''
  id = ''
  /** @type {State} */
  state = 'asking'
  /** @type {string[]} */
  tokens = []
  /** How each token came. @type {Arrival[]} */
  arrivals = []
  /** After how many tokens a connection took up from another. @type {number[]} */
  seams = []
  /** @type {Note[]} */
  notes = []
  lastEventId = ''
  missing = 0
  doubled = 0
  /** Milliseconds from the question to the first token. @type {number | undefined} */
  firstTokenAfter
  /** What live tokens that came one after the other took, for the rate. */
  steps = { count: 0, ms: 0 }

  /** @type {number | undefined} */
  #askedAt
  /** @type {number | undefined} */
  #lastLiveAt
  /** What the connection has to bring before it is live. */
  #replay = { from: 0, upTo: 0, isPending: false }

  /**
   * A turn as it was when it was written to JSON.
   *
   * @param {Partial<Turn>} saved
   */
  static from(saved) {
    return Object.assign(new Turn(), saved)
  }

  get text() {
    return this.tokens.join('')
  }

  get isOpen() {
    return this.state === 'asking' || this.state === 'running'
  }

  /** Tokens per second, once there are two live ones in a row. */
  get rate() {
    return this.steps.ms === 0 ? undefined : (this.steps.count * 1_000) / this.steps.ms
  }

  /** @param {number} now milliseconds */
  asked(now) {
    this.#askedAt = now
  }

  /**
   * A connection has opened that takes up after what is there.
   *
   * @param {number} written how many tokens there were on the server by then
   */
  resumed(written) {
    const from = this.tokens.length
    this.#replay = { from, upTo: written, isPending: true }
    this.#lastLiveAt = undefined
    if (from > 0) this.seams.push(from)
    this.#tellResumed()
  }

  /**
   * The connection is gone, before the answer's end.
   *
   * @param {string} how
   */
  cut(how) {
    this.#note('cut', `${how} after token ${this.tokens.length}.`)
  }

  /** A reconnect after the end was answered 204. */
  nothingLeft() {
    this.#note('resumed', 'Reconnected after the end: 204, nothing is left to send. The browser stops here.')
  }

  /**
   * The server has refused.
   *
   * @param {string} message
   */
  refused(message) {
    this.state = this.id === '' ? 'failed' : 'gone'
    this.#note('trouble', `${message}.`)
  }

  /**
   * Takes an event of the stream.
   *
   * @param {WireEvent} event
   * @param {number} now milliseconds
   */
  take(event, now) {
    if (event.id !== undefined) this.lastEventId = event.id
    if (event.name === 'token') this.#token(event.data, now)
    else if (event.name === 'begun') this.#begun(event.data)
    else if (event.name === 'done') this.#end('done', `Done: ${count(event.data.tokens, 'token')}.`)
    else if (event.name === 'stopped') this.#end('stopped', STOPPED[event.data.reason] ?? 'Stopped.')
    else if (event.name === 'failed') this.#end('failed', 'The model failed.')
    else this.#note('trouble', `The server announced a gap (${event.data.reason}): tokens may be missing.`)
  }

  /** @param {AnswerEvents['begun']} begun */
  #begun({ id, prompt, model }) {
    this.id = id
    this.prompt = prompt
    this.state = 'running'
    this.#note(
      'begun',
      this.#askedAt === undefined ? 'Joined an answer from its first token.' : `${model} began an answer.`,
    )
  }

  /**
   * @param {AnswerEvents['token']} token
   * @param {number} now
   */
  #token({ n, text }, now) {
    const missing = n - this.tokens.length - 1
    if (missing < 0) {
      this.doubled += 1
      return
    }
    const arrival = n <= this.#replay.upTo ? 'replayed' : 'live'
    for (let i = 0; i < missing; i++) this.#add('', arrival)
    this.missing += missing
    this.#add(text, arrival)
    if (arrival === 'live') this.#measure(now)
    this.#tellResumed()
  }

  /**
   * @param {string} text
   * @param {Arrival} arrival
   */
  #add(text, arrival) {
    this.tokens.push(text)
    this.arrivals.push(arrival)
  }

  /** @param {number} now */
  #measure(now) {
    if (this.tokens.length === 1 && this.#askedAt !== undefined) this.firstTokenAfter = now - this.#askedAt
    if (this.#lastLiveAt !== undefined) {
      this.steps.count += 1
      this.steps.ms += now - this.#lastLiveAt
    }
    this.#lastLiveAt = now
  }

  #tellResumed() {
    const { from, upTo, isPending } = this.#replay
    if (!isPending || this.tokens.length < upTo) return
    this.#replay.isPending = false
    if (from === 0) return
    const missing = this.missing === 0 ? 'none missing' : `${count(this.missing, 'token')} missing`
    const doubled = this.doubled === 0 ? 'none doubled' : `${count(this.doubled, 'token')} doubled`
    const replayed = count(Math.max(upTo - from, 0), 'token')
    this.#note('resumed', `Same answer, resumed after token ${from}: ${replayed} replayed, ${missing}, ${doubled}.`)
  }

  /**
   * @param {State} state
   * @param {string} text
   */
  #end(state, text) {
    this.state = state
    this.#note('ended', text)
  }

  /**
   * @param {Note['kind']} kind
   * @param {string} text
   */
  #note(kind, text) {
    this.notes.push({ kind, text })
  }
}

/** @type {Readonly<Record<StopReason, string>>} */
const STOPPED = {
  reader: 'Stopped: the model’s work was aborted.',
  abandoned: 'Stopped: nobody read it for a minute.',
  displaced: 'Stopped: newer answers needed the room.',
  shutdown: 'Stopped: the server went down.',
}
