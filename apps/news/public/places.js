/**
 * @import {Story} from '../src/newsroom.ts'
 *
 * @typedef {Story & { id: string }} Received a story, and the id with which it came
 *
 * @typedef {object} Place how far the reader is with one filter
 * @property {string} id the last event id: what to resume with
 * @property {Received[]} stories what was read, oldest first
 */

/** So many stories are kept with each filter, and so many filters. */
const MAX_STORIES = 100
const MAX_PLACES = 12

/**
 * Where the reader is, with each filter.
 *
 * An id is a place in the server's one log, so the server would take it with any filter. But it says "up to here"
 * only of the filter it was read with: who goes on from it with a wider one is not sent what was published before it in
 * the sections that were not read then, and nobody would notice. So every filter has a place of its own.
 */
export class Places {
  /** @type {Map<string, Place>} the one used last comes last */
  #places

  /** @param {readonly [string, Place][]} saved what {@link toJSON} gave */
  constructor(saved = []) {
    this.#places = new Map(saved)
  }

  /**
   * The place of a filter; the filter is one of the last used from now on.
   *
   * @param {string} filter
   * @returns {Place}
   */
  of(filter) {
    const place = this.#places.get(filter) ?? { id: '', stories: [] }
    this.#places.delete(filter)
    this.#places.set(filter, place)
    for (const oldest of [...this.#places.keys()].slice(0, -MAX_PLACES)) this.#places.delete(oldest)
    return place
  }

  /**
   * The reader has read on.
   *
   * @param {string} filter
   * @param {Received} story
   */
  add(filter, story) {
    const place = this.of(filter)
    place.id = story.id
    place.stories.push(story)
    if (place.stories.length > MAX_STORIES) place.stories.shift()
  }

  /**
   * What came before is no longer of use: the reader goes on from this id.
   *
   * @param {string} filter
   * @param {string} id
   */
  restart(filter, id) {
    const place = this.of(filter)
    place.id = id
    place.stories = []
  }

  /**
   * Whether a story has been read, with whichever filter.
   *
   * @param {string} id
   */
  hasRead(id) {
    return [...this.#places.values()].some(({ stories }) => stories.some((story) => story.id === id))
  }

  /** When the newest story was filed that was read with any filter; 0 if none was. */
  get newest() {
    return Math.max(0, ...[...this.#places.values()].map(({ stories }) => stories.at(-1)?.at ?? 0))
  }

  /** What to keep; only JSON's own types. */
  toJSON() {
    return [...this.#places]
  }
}
