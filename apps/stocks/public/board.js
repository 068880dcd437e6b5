/**
 * @import {Listing} from '../src/listings.ts'
 * @import {Quote, Quotes} from './quotes.js'
 * @import {Selection} from './selection.js'
 */
import { byId, element, prefersStillness } from './elements.js'
import { change, price } from './format.js'

const SPARK = { width: 52, height: 16, points: 60 }
const SVG = 'http://www.w3.org/2000/svg'

/** The table of all symbols, one row each; a row is a button that takes its symbol into the chart. */
export class Board {
  /** @type {Map<string, Row>} */
  #rows = new Map()
  #selection

  /** @param {Selection} selection */
  constructor(selection) {
    this.#selection = selection
    selection.onChange(() => this.#showSelection())
  }

  /** @param {Quotes} quotes */
  reset(quotes) {
    const rows = [...quotes.all()].map(({ listing }) => new Row(listing, () => this.#selection.toggle(listing.symbol)))
    this.#rows = new Map(rows.map((row) => [row.symbol, row]))
    byId('board').replaceChildren(...rows.map((row) => row.element))
    this.#showSelection()
  }

  /**
   * @param {Quote} quote
   * @param {boolean} isLive whether to draw the eye to it
   */
  update(quote, isLive) {
    this.#rows.get(quote.listing.symbol)?.update(quote, isLive)
  }

  #showSelection() {
    for (const row of this.#rows.values()) row.select(this.#selection.seriesOf(row.symbol))
  }
}

class Row {
  symbol
  element

  #pick
  #price = element('span', '')
  #change = element('td', 'cell-num')
  #spark = document.createElementNS(SVG, 'path')
  /** @type {number | undefined} */
  #shown

  /**
   * @param {Listing} listing
   * @param {() => void} toggle
   */
  constructor({ symbol, name }, toggle) {
    this.symbol = symbol
    this.#pick = element('button', 'pick', symbol)
    this.#pick.type = 'button'
    this.#pick.addEventListener('click', toggle)
    const head = element('th', '', this.#pick)
    head.scope = 'row'
    this.element = element(
      'tr',
      '',
      head,
      element('td', 'cell-name', name),
      element('td', '', this.#sparkline()),
      element('td', 'cell-num cell-price', this.#price),
      this.#change,
    )
  }

  /**
   * @param {Quote} quote
   * @param {boolean} isLive
   */
  update({ last, points }, isLive) {
    if (last === undefined) return
    const { text, direction } = change(last.price, last.open)
    this.#price.textContent = price(last.price)
    this.#change.textContent = text
    this.#change.className = `cell-num ${direction}`
    this.#spark.setAttribute('d', sparkPath(points.slice(-SPARK.points)))
    if (isLive && this.#shown !== undefined) this.#flash(last.price - this.#shown)
    this.#shown = last.price
  }

  /** @param {number | undefined} series its place in the chart */
  select(series) {
    this.#pick.setAttribute('aria-pressed', String(series !== undefined))
    this.#pick.style.setProperty('--series', series === undefined ? '' : `var(--series-${series + 1})`)
  }

  /** @param {number} difference */
  #flash(difference) {
    if (difference === 0 || prefersStillness()) return
    const color = getComputedStyle(this.#price).getPropertyValue(difference > 0 ? '--up-flash' : '--down-flash')
    this.#price.animate([{ backgroundColor: color }, { backgroundColor: 'transparent' }], {
      duration: 700,
      easing: 'ease-out',
    })
  }

  #sparkline() {
    const svg = document.createElementNS(SVG, 'svg')
    svg.setAttribute('class', 'spark')
    svg.setAttribute('viewBox', `0 0 ${SPARK.width} ${SPARK.height}`)
    svg.setAttribute('preserveAspectRatio', 'none')
    svg.setAttribute('aria-hidden', 'true')
    svg.append(this.#spark)
    return svg
  }
}

/** @param {readonly (readonly [number, number])[]} points */
function sparkPath(points) {
  if (points.length < 2) return ''
  const prices = points.map(([, value]) => value)
  const low = Math.min(...prices)
  const span = Math.max(...prices) - low || 1
  const step = SPARK.width / (points.length - 1)
  const corners = prices.map(
    (value, i) => `${(i * step).toFixed(1)} ${(SPARK.height * (1 - (value - low) / span)).toFixed(1)}`,
  )
  return `M${corners.join('L')}`
}
