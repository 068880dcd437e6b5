/**
 * @import {Listing} from '../src/listings.ts'
 * @import {Point, Price} from '../src/market.ts'
 */

/** How many ticks of a symbol the page keeps. */
const KEPT_POINTS = 300

/**
 * What the page knows of one symbol.
 *
 * @typedef {object} Quote
 * @property {Listing} listing
 * @property {Price | undefined} last
 * @property {Point[]} points oldest first
 */

/** What the page knows of the market. */
export class Quotes {
  /** @type {Map<string, Quote>} */
  #quotes = new Map()

  /**
   * Begins anew with these symbols.
   *
   * @param {readonly Listing[]} listings
   */
  reset(listings) {
    this.#quotes = new Map(listings.map((listing) => [listing.symbol, { listing, last: undefined, points: [] }]))
  }

  /**
   * @param {string} symbol
   * @param {readonly Point[]} points
   */
  setHistory(symbol, points) {
    const quote = this.#quotes.get(symbol)
    if (quote !== undefined) quote.points = [...points]
  }

  /**
   * Takes a tick; `isNew` if it was not part of the symbol's history.
   *
   * @param {Price} price
   * @param {boolean} isNew
   * @returns {Quote | undefined} undefined for a symbol that is not traded
   */
  take(price, isNew) {
    const quote = this.#quotes.get(price.symbol)
    if (quote === undefined) return undefined
    quote.last = price
    if (isNew) quote.points.push([price.at, price.price])
    if (quote.points.length > KEPT_POINTS) quote.points.shift()
    return quote
  }

  /** @param {string} symbol */
  get(symbol) {
    return this.#quotes.get(symbol)
  }

  all() {
    return this.#quotes.values()
  }
}
