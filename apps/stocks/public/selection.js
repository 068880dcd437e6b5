/** How many symbols the chart shows at most: as many as there are colours for. */
export const MOST = 4

/** Which symbols the chart shows: one to four, each with a place that stays its own while it is shown. */
export class Selection {
  /** @type {(string | undefined)[]} */
  #places
  /** The symbols in the order in which they were chosen. */
  #order
  /** @type {(() => void)[]} */
  #listeners = []

  /** @param {readonly string[]} symbols */
  constructor(symbols) {
    this.#places = Array.from({ length: MOST }, (_, i) => symbols[i])
    this.#order = [...symbols]
  }

  get symbols() {
    return this.#places.filter((symbol) => symbol !== undefined)
  }

  /**
   * A symbol's place, from 0; undefined if it is not shown.
   *
   * @param {string} symbol
   */
  seriesOf(symbol) {
    const place = this.#places.indexOf(symbol)
    return place === -1 ? undefined : place
  }

  /**
   * Takes a symbol in, in place of the one chosen longest ago where there is no room, or takes it out, unless it is the last.
   *
   * @param {string} symbol
   */
  toggle(symbol) {
    if (this.#order.includes(symbol)) {
      if (this.#order.length > 1) this.#remove(symbol)
    } else {
      if (this.#order.length === MOST) this.#remove(this.#order[0])
      this.#places[this.#places.indexOf(undefined)] = symbol
      this.#order.push(symbol)
    }
    for (const listener of this.#listeners) listener()
  }

  /** @param {() => void} listener */
  onChange(listener) {
    this.#listeners.push(listener)
  }

  /** @param {string | undefined} symbol */
  #remove(symbol) {
    this.#places = this.#places.map((other) => (other === symbol ? undefined : other))
    this.#order = this.#order.filter((other) => other !== symbol)
  }
}
