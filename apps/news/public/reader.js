/**
 * @import {Opened} from '../src/events.ts'
 * @import {Story} from '../src/newsroom.ts'
 * @import {Received} from './places.js'
 */
import { Places } from './places.js'

/** How long to wait before trying again where the browser gave up, in milliseconds. */
const RETRY_AFTER_REFUSAL = 3_000

/**
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'closed' | 'away'} State
 *
 * @typedef {'left' | 'closed' | 'dropped' | 'filter'} Cause why nothing came: the reader left, closed the page, lost
 *   the connection, or read with another filter
 *
 * @typedef {{ cause: Cause, from: number }} Absence `from`: milliseconds since the Unix epoch
 *
 * @typedef {'earlier' | 'missed' | 'read' | 'live'} Arrival how a story came: `live`, as it was published; the others are
 *   replayed, of which some were published while the reader was away, and others have been read with another filter
 *
 * @typedef {object} Gap what `sse.gap` carries
 * @property {string} reason
 * @property {string | null} from
 * @property {string | null} to
 *
 * @typedef {object} ReaderEvents
 * @property {State} state
 * @property {readonly Received[]} place the filter was chosen, or the page opened: what is known already, oldest first
 * @property {{ topics: readonly string[], absence: Absence | undefined }} opened
 * @property {{ story: Received, arrival: Arrival }} story
 * @property {Gap} gap
 *
 * @typedef {object} Saved what outlives a reload
 * @property {string} filter
 * @property {ReturnType<Places['toJSON']>} places
 * @property {Absence | undefined} absence
 */

/** The one who reads: one filter, one `EventSource`, and a place that is kept. */
export class Reader {
  replayed = 0
  live = 0
  gaps = 0

  #target = new EventTarget()
  #places
  #filter
  /** @type {Absence | undefined} */
  #absence
  /** @type {EventSource | undefined} */
  #source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry
  /** Stories filed up to then are replayed; those filed after `#knownUpTo` were published while the reader was away. */
  #replayedUpTo = 0
  #knownUpTo = Number.POSITIVE_INFINITY

  /** @param {Partial<Saved>} saved */
  constructor({ filter = 'front', places = [], absence } = {}) {
    this.#filter = filter
    this.#places = new Places(places)
    this.#absence = absence
  }

  /** The names of the filters in use, joined by `+`. */
  get filter() {
    return this.#filter
  }

  /** The last event id: what to resume with. */
  get lastEventId() {
    return this.#places.of(this.#filter).id
  }

  /** When the reader left, in milliseconds since the Unix epoch. */
  get leftAt() {
    return this.#absence?.cause === 'left' && this.#source === undefined ? this.#absence.from : undefined
  }

  /** Shows what is known, and goes on from there, unless the reader has left. */
  open() {
    this.#emit('place', this.#places.of(this.#filter).stories)
    if (this.leftAt === undefined) this.#connect()
    else this.#emit('state', 'away')
  }

  /** Ends the stream. The place is kept. */
  leave() {
    this.#absence = { cause: 'left', from: Date.now() }
    this.#disconnect()
    this.#emit('state', 'away')
  }

  comeBack() {
    this.#connect()
  }

  /** The page is closed, or kept for going back: a browser allows few connections to one server. */
  suspend() {
    if (this.leftAt === undefined) this.#absence = { cause: 'closed', from: Date.now() }
    this.#disconnect()
  }

  /**
   * Reads something else, from where it was left; who reads it for the first time is sent the newest stories.
   *
   * @param {string} filter
   */
  choose(filter) {
    if (filter === this.#filter) return
    this.#filter = filter
    if (this.leftAt === undefined) this.#absence = { cause: 'filter', from: Date.now() }
    this.#disconnect()
    this.open()
  }

  /** @returns {Saved} */
  toJSON() {
    return { filter: this.#filter, places: this.#places.toJSON(), absence: this.#absence }
  }

  /**
   * @template {keyof ReaderEvents} K
   * @param {K} name
   * @param {(detail: ReaderEvents[K]) => void} listener
   */
  on(name, listener) {
    this.#target.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail))
  }

  #connect() {
    if (this.#source !== undefined) return
    const source = new EventSource(this.#url())
    this.#source = source
    this.#emit('state', 'connecting')
    source.addEventListener('open', () => this.#emit('state', 'live'))
    source.addEventListener('error', () => this.#failed(source))
    source.addEventListener('opened', ({ data }) => this.#opened(JSON.parse(data)))
    source.addEventListener('story', ({ data, lastEventId }) => this.#story({ ...JSON.parse(data), id: lastEventId }))
    source.addEventListener('sse.gap', ({ data, lastEventId }) => this.#gap(JSON.parse(data), lastEventId))
  }

  #disconnect() {
    clearTimeout(this.#retry)
    this.#source?.close()
    this.#source = undefined
  }

  #url() {
    const query = new URLSearchParams(this.#filter.split('+').map((name) => ['filter', name]))
    // The browser sends the header by itself on a reconnect; a new EventSource has to bring the id this way.
    if (this.lastEventId !== '') query.set('lastEventId', this.lastEventId)
    return `events?${query}`
  }

  /** @param {EventSource} source */
  #failed(source) {
    this.#absence ??= { cause: 'dropped', from: Date.now() }
    if (source.readyState === EventSource.CONNECTING) {
      this.#emit('state', 'reconnecting')
      return
    }
    this.#disconnect()
    this.#emit('state', 'closed')
    this.#retry = setTimeout(() => this.#connect(), RETRY_AFTER_REFUSAL)
  }

  /** @param {Opened} opened */
  #opened({ topics, newest }) {
    const absence = this.#absence
    const known = this.#places.of(this.#filter).stories.at(-1)?.at
    this.#absence = undefined
    this.#replayedUpTo = newest
    this.#knownUpTo = known ?? (absence?.cause === 'left' ? this.#places.newest : Number.POSITIVE_INFINITY)
    this.#emit('opened', { topics, absence })
  }

  /** @param {Received} story */
  #story(story) {
    const arrival = this.#arrivalOf(story)
    if (arrival === 'live') this.live += 1
    else this.replayed += 1
    this.#places.add(this.#filter, story)
    this.#emit('story', { story, arrival })
  }

  /**
   * @param {Received} story
   * @returns {Arrival}
   */
  #arrivalOf({ id, at }) {
    if (at > this.#replayedUpTo) return 'live'
    if (this.#places.hasRead(id)) return 'read'
    return at > this.#knownUpTo ? 'missed' : 'earlier'
  }

  /**
   * It cannot be proved that nothing is missing: the list begins anew with what comes.
   *
   * @param {Gap} gap
   * @param {string} id
   */
  #gap(gap, id) {
    this.gaps += 1
    this.#places.restart(this.#filter, id)
    this.#emit('gap', gap)
  }

  /**
   * @template {keyof ReaderEvents} K
   * @param {K} name
   * @param {ReaderEvents[K]} detail
   */
  #emit(name, detail) {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
