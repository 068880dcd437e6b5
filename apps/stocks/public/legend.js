/**
 * @import {Quote} from './quotes.js'
 * @import {Selection} from './selection.js'
 */
import { byId, element } from './elements.js'
import { change, price } from './format.js'
import { MOST } from './selection.js'

/** The names, prices and colours of what the chart shows. */
export class Legend {
  #list = byId('legend')
  /** @type {Map<string, Entry>} */
  #entries = new Map()
  #selection

  /** @param {Selection} selection */
  constructor(selection) {
    this.#selection = selection
  }

  /**
   * Begins anew with what is chosen now.
   *
   * @param {readonly Quote[]} quotes
   */
  reset(quotes) {
    this.#entries = new Map(
      quotes.map(({ listing }) => [listing.symbol, new Entry(listing, this.#selection.seriesOf(listing.symbol) ?? 0)]),
    )
    this.#list.classList.toggle('is-alone', quotes.length === 1)
    this.#list.classList.toggle('is-full', quotes.length === MOST)
    this.#list.replaceChildren(...Array.from(this.#entries.values(), (entry) => entry.element))
    this.update(quotes)
  }

  /** @param {readonly Quote[]} quotes */
  update(quotes) {
    for (const quote of quotes) this.#entries.get(quote.listing.symbol)?.update(quote)
  }
}

class Entry {
  element
  #price = element('span', 'legend-price', '…')
  #change = element('span', 'legend-change')

  /**
   * @param {Quote['listing']} listing
   * @param {number} series
   */
  constructor({ symbol, name }, series) {
    const swatch = element('span', 'swatch')
    swatch.style.setProperty('--series', `var(--series-${series + 1})`)
    const title = element(
      'span',
      'legend-name',
      swatch,
      element('b', '', symbol),
      element('span', 'legend-company', name),
    )
    this.element = element('li', '', title, this.#price, this.#change)
  }

  /** @param {Quote} quote */
  update({ last }) {
    if (last === undefined) return
    const { text, direction } = change(last.price, last.open)
    this.#price.textContent = price(last.price)
    this.#change.textContent = text
    this.#change.className = `legend-change ${direction}`
  }
}
