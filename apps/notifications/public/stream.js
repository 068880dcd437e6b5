import { Refused, request } from './request.js'

/** How long to wait before trying again where the browser gave up, in milliseconds. */
const RETRY_AFTER_REFUSAL = 3_000

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'signed out'} State */

/**
 * The page's stream: an `EventSource` under `<place>/events`, which ends for good when nobody is signed in at `<place>`.
 *
 * @template {object} Wire what the server sends, by the name of the event
 */
export class Stream {
  lastEventId = ''
  /** How often the stream was lost and came back. */
  reconnects = 0

  #place
  #onState
  /** @type {Map<string, (text: string) => void>} */
  #listeners = new Map()
  /** @type {EventSource | undefined} */
  #source
  #isOver = false
  #wasLost = false

  /**
   * @param {string} place
   * @param {(state: State) => void} onState
   */
  constructor(place, onState) {
    this.#place = place
    this.#onState = onState
    // A browser allows few connections to one server: a page that is gone, or kept for "back", must not hold any.
    addEventListener('pagehide', () => this.#close())
    addEventListener('pageshow', () => this.open())
  }

  /**
   * @template {keyof Wire & string} K
   * @param {K} name
   * @param {(data: Wire[K]) => void} take
   * @returns {this}
   */
  on(name, take) {
    this.#listeners.set(name, (text) => take(JSON.parse(text)))
    return this
  }

  open() {
    if (this.#source !== undefined || this.#isOver) return
    const source = new EventSource(this.#url())
    this.#source = source
    this.#onState(this.#wasLost ? 'reconnecting' : 'connecting')
    source.addEventListener('open', () => this.#opened())
    source.addEventListener('error', () => this.#failed(source))
    for (const [name, take] of this.#listeners) {
      source.addEventListener(name, (message) => {
        this.lastEventId = message.lastEventId
        take(message.data)
      })
    }
  }

  #url() {
    // The browser sends the header by itself on a reconnect; a new EventSource has to bring the id this way.
    const query = this.lastEventId === '' ? '' : `?${new URLSearchParams({ lastEventId: this.lastEventId })}`
    return `${this.#place}/events${query}`
  }

  #opened() {
    if (this.#wasLost) this.reconnects += 1
    this.#wasLost = false
    this.#onState('live')
  }

  /** @param {EventSource} source */
  async #failed(source) {
    this.#wasLost = true
    this.#onState('reconnecting')
    // An `EventSource` does not say why. Whoever was signed out is to be told now, and not when it comes back.
    if (await this.#isSignedOut()) return this.#end()
    if (source !== this.#source || source.readyState !== EventSource.CLOSED) return
    this.#close()
    setTimeout(() => this.open(), RETRY_AFTER_REFUSAL)
  }

  async #isSignedOut() {
    try {
      await request(`${this.#place}/session`)
      return false
    } catch (error) {
      return error instanceof Refused && error.status === 401
    }
  }

  #end() {
    this.#isOver = true
    this.#close()
    this.#onState('signed out')
  }

  #close() {
    this.#source?.close()
    this.#source = undefined
  }
}
