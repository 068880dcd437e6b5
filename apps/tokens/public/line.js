/**
 * @import {Turn, WireEvent} from './turn.js'
 */
import { EventSourceParserStream } from './vendor/eventsource-parser/stream.js'

/** How long to wait before trying again, in milliseconds, until the server says so itself. */
const DEFAULT_RETRY = 1_000
/** The longest wait, after the server could not be reached again and again. */
const LONGEST_RETRY = 15_000

/** Why a connection was aborted on purpose. */
const DROPPED = 'dropped'
const LEFT = 'left'

/**
 * @typedef {object} Listener
 * @property {() => void} changed the turn has changed
 * @property {(state: LineState) => void} connection
 *
 * @typedef {{ readonly name: 'connecting' | 'open' | 'closed' } | { readonly name: 'waiting', readonly ms: number }} LineState
 */

/** Brings one answer, over as many connections as it takes: what `EventSource` does, for `fetch`. */
export class Line {
  #turn
  #listener
  #connection = new AbortController()
  #retry = DEFAULT_RETRY
  #failures = 0

  /**
   * @param {Turn} turn
   * @param {Listener} listener
   */
  constructor(turn, listener) {
    this.#turn = turn
    this.#listener = listener
  }

  /** Asks the question, and reads the answer to its end. */
  async ask() {
    this.#turn.asked(performance.now())
    await this.#follow(() => ({
      url: 'answers',
      init: {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ prompt: this.#turn.prompt }),
      },
    }))
  }

  /** Takes the answer up where it is, and reads it to its end. */
  async resume() {
    await this.#follow(() => this.#resumption())
  }

  /** Cuts the connection, as a network would; it is taken up again. */
  drop() {
    this.#connection.abort(DROPPED)
  }

  /** Lets go of the answer. */
  leave() {
    this.#connection.abort(LEFT)
  }

  /** @returns {{ url: string, init: RequestInit }} */
  #resumption() {
    const { id, lastEventId } = this.#turn
    const headers = new Headers({ Accept: 'text/event-stream' })
    if (lastEventId !== '') headers.set('Last-Event-ID', lastEventId)
    return { url: `answers/${encodeURIComponent(id)}`, init: { headers } }
  }

  /** @param {() => { url: string, init: RequestInit }} first */
  async #follow(first) {
    let request = first()
    while (!(await this.#isOver(request))) {
      if (this.#turn.id === '') return this.#refused('The server could not be reached')
      const ms = Math.min(this.#retry * 2 ** this.#failures, LONGEST_RETRY)
      this.#listener.connection({ name: 'waiting', ms })
      await new Promise((resolve) => setTimeout(resolve, ms))
      if (this.#connection.signal.reason === LEFT) break
      request = this.#resumption()
    }
    this.#listener.connection({ name: 'closed' })
  }

  /**
   * Reads one connection.
   *
   * @param {{ url: string, init: RequestInit }} request
   * @returns {Promise<boolean>} false: there is more to come, by another
   */
  async #isOver({ url, init }) {
    this.#connection = new AbortController()
    const { signal } = this.#connection
    this.#listener.connection({ name: 'connecting' })
    try {
      const response = await fetch(url, { ...init, signal, cache: 'no-store' })
      if (response.status === 204) this.#turn.nothingLeft()
      else if (!response.ok) await this.#refuse(response)
      else await this.#read(response)
      this.#listener.changed()
      if (response.status === 204 || !this.#turn.isOpen) return true
      this.#turn.cut('The server ended the connection')
    } catch {
      if (signal.reason === LEFT) return true
      this.#failed(signal.reason === DROPPED)
    }
    this.#listener.changed()
    return false
  }

  /** @param {Response} response */
  async #read(response) {
    this.#failures = 0
    if (response.headers.has('Answer-Tokens')) this.#turn.resumed(Number(response.headers.get('Answer-Tokens')))
    this.#listener.connection({ name: 'open' })
    this.#listener.changed()
    const onRetry = (/** @type {number} */ ms) => {
      this.#retry = ms
    }
    for await (const { event, data, id } of eventsOf(response, onRetry)) {
      // What the server sends: `AnswerEvents` of its hub, whose types these are.
      this.#turn.take(/** @type {WireEvent} */ ({ name: event, data: JSON.parse(data), id }), performance.now())
      this.#listener.changed()
    }
  }

  /** @param {Response} response */
  async #refuse(response) {
    const { error } = await response.json()
    this.#turn.refused(String(error))
  }

  /** @param {string} message */
  #refused(message) {
    this.#turn.refused(message)
    this.#listener.changed()
    this.#listener.connection({ name: 'closed' })
  }

  /** @param {boolean} isDeliberate */
  #failed(isDeliberate) {
    if (isDeliberate) this.#turn.cut('You cut the connection')
    else if (this.#failures++ === 0) this.#turn.cut('The connection was lost')
  }
}

/**
 * @param {Response} response
 * @param {(ms: number) => void} onRetry
 */
async function* eventsOf(response, onRetry) {
  const events = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ onRetry }))
    .getReader()
  for (;;) {
    const next = await events?.read()
    if (next === undefined || next.done) return
    yield next.value
  }
}
