/**
 * @import {Opened, StockEvents} from '../src/events.ts'
 * @import {Price} from '../src/market.ts'
 * @import {Arrival} from './sequence.js'
 */
import { Sequence } from './sequence.js'

/** How long to wait before trying again where the browser gave up, in milliseconds. */
const RETRY_AFTER_REFUSAL = 3_000

/**
 * @typedef {'connecting' | 'open' | 'reconnecting' | 'closed'} State
 *
 * @typedef {object} Gap what `sse.gap` carries
 * @property {string} reason
 * @property {string | null} from
 * @property {string | null} to
 * @property {boolean} snapshot
 *
 * @typedef {object} Resumed what a reconnect brought
 * @property {number} replayed ticks that were published while it was away
 * @property {number} from the newest tick before
 * @property {number} to the newest tick when it was back
 * @property {number} missing ticks in between that did not come
 * @property {number} repeated ticks that came again
 * @property {number} away milliseconds
 * @property {string | null} id what it brought as `Last-Event-ID`
 * @property {string | null} before the node that it was on, of several
 * @property {string | null} node the one that it is on now
 *
 * @typedef {{ opened: Opened, 'sse.gap': Gap } & Pick<StockEvents, 'market' | 'history' | 'price'>} Wire what the server
 *   sends, by the name of the event
 *
 * @typedef {object} FeedEvents
 * @property {State} state
 * @property {Opened} opened
 * @property {{ price: Price, arrival: Arrival }} price
 * @property {StockEvents['market']} market
 * @property {StockEvents['history']} history
 * @property {Gap} gap
 * @property {Resumed} resumed
 */

/** The page's stream of prices: one `EventSource`, and what can be said of it. */
export class Feed {
  sequence = new Sequence()
  lastEventId = ''
  received = 0
  gaps = 0
  /** The node that the stream comes from, or came from last; null where there is one server. */
  /** @type {string | null} */
  node = null

  #client
  #target = new EventTarget()
  /** @type {EventSource | undefined} */
  #source
  /** @type {{ at: number, last: number, missing: number, repeated: number, node: string | null } | undefined} */
  #lost
  /** @type {string | null} */
  #resumedFrom = null

  /** @param {string} client */
  constructor(client) {
    this.#client = client
  }

  open() {
    if (this.#source !== undefined) return
    const source = new EventSource(this.#url())
    this.#source = source
    this.#emit('state', 'connecting')
    source.addEventListener('error', () => this.#failed(source))
    this.#hear('opened', (data) => this.#opened(data))
    this.#hear('market', (data) => this.#market(data))
    this.#hear('history', (data) => this.#emit('history', data))
    this.#hear('price', (data) => this.#price(data))
    this.#hear('sse.gap', (data) => this.#gap(data))
  }

  close() {
    this.#source?.close()
    this.#source = undefined
  }

  /**
   * @template {keyof FeedEvents} K
   * @param {K} name
   * @param {(detail: FeedEvents[K]) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  on(name, listener, options) {
    this.#target.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail), options)
  }

  /**
   * The next event of a name.
   *
   * @template {keyof FeedEvents} K
   * @param {K} name
   * @param {AbortSignal} signal rejects when it aborts
   * @returns {Promise<FeedEvents[K]>}
   */
  next(name, signal) {
    return new Promise((resolve, reject) => {
      this.on(name, resolve, { once: true, signal })
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  #url() {
    const query = new URLSearchParams({ client: this.#client })
    // The browser sends the header by itself on a reconnect; a new EventSource has to bring the id this way.
    if (this.lastEventId !== '') query.set('lastEventId', this.lastEventId)
    return `events?${query}`
  }

  /**
   * @template {keyof Wire} K
   * @param {K} name
   * @param {(data: Wire[K]) => void} take
   */
  #hear(name, take) {
    this.#source?.addEventListener(name, (message) => {
      this.received += 1
      this.lastEventId = message.lastEventId
      take(JSON.parse(message.data))
    })
  }

  /** @param {EventSource} source */
  #failed(source) {
    const { last, missing, repeated } = this.sequence
    this.#lost ??= { at: performance.now(), last, missing, repeated, node: this.node }
    if (source.readyState === EventSource.CONNECTING) {
      this.#emit('state', 'reconnecting')
      return
    }
    this.#emit('state', 'closed')
    this.close()
    setTimeout(() => this.open(), RETRY_AFTER_REFUSAL)
  }

  /** @param {Opened} opened */
  #opened(opened) {
    const { n, resumedFrom, node } = opened
    this.sequence.opened(n, resumedFrom !== null)
    this.#resumedFrom = resumedFrom
    this.node = node?.name ?? null
    this.#emit('state', 'open')
    this.#emit('opened', opened)
    this.#tellResumed()
  }

  /** @param {StockEvents['market']} market */
  #market(market) {
    this.sequence.snapshot(market.n)
    this.#emit('market', market)
    this.#tellResumed()
  }

  /** @param {Price} price */
  #price(price) {
    this.#emit('price', { price, arrival: this.sequence.tick(price.n) })
    this.#tellResumed()
  }

  /** @param {Gap} gap */
  #gap(gap) {
    this.gaps += 1
    this.sequence.gap()
    this.#emit('gap', gap)
  }

  #tellResumed() {
    if (this.#lost === undefined || !this.sequence.isCaughtUp) return
    const { at, last, missing, repeated, node } = this.#lost
    const { replayed, last: to, missing: missingNow, repeated: repeatedNow } = this.sequence
    this.#lost = undefined
    this.#emit('resumed', {
      replayed,
      from: last,
      to,
      missing: missingNow - missing,
      repeated: repeatedNow - repeated,
      away: performance.now() - at,
      id: this.#resumedFrom,
      before: node,
      node: this.node,
    })
  }

  /**
   * @template {keyof FeedEvents} K
   * @param {K} name
   * @param {FeedEvents[K]} detail
   */
  #emit(name, detail) {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
