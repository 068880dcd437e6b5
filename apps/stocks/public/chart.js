/**
 * @import {Quote, Quotes} from './quotes.js'
 * @import {Selection} from './selection.js'
 */

import { byId, prefersStillness } from './elements.js'
import { price } from './format.js'
import { Legend } from './legend.js'
import uPlot from './vendor/uplot.js'

/** What the chart shows: the last so many milliseconds. */
const WINDOW = 90_000

/** Milliseconds from one drawing to the next: as a film, or, for who asked for less movement, as a clock. */
const FRAME = 100
const CALM_FRAME = 1_000

/**
 * Something that happened to the stream, marked in the chart.
 *
 * @typedef {object} Mark
 * @property {number} from milliseconds since the Unix epoch
 * @property {number} to the same as `from` for a moment
 * @property {string} label
 */

/** The chart of the chosen symbols, and the legend above it. */
export class Chart {
  #quotes
  #selection
  #host = byId('chart')
  #legend
  /** @type {uPlot | undefined} */
  #plot
  /** @type {Mark[]} */
  #marks = []
  /** The newest tick's time, and when it came: what the server's clock says is reckoned from them. */
  #clock = { at: 0, heardAt: 0 }
  #isStreaming = false
  #drawnAt = 0

  /**
   * @param {Quotes} quotes
   * @param {Selection} selection
   */
  constructor(quotes, selection) {
    this.#quotes = quotes
    this.#selection = selection
    this.#legend = new Legend(selection)
    selection.onChange(() => this.#build())
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#build())
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#host)
    document.fonts.ready.then(() => this.#build())
    requestAnimationFrame((now) => this.#frame(now))
  }

  /** @param {number} at the time of a tick that has just come */
  heard(at) {
    if (at >= this.#clock.at) this.#clock = { at, heardAt: performance.now() }
  }

  /** @param {boolean} isStreaming whether the lines go on to this moment */
  setStreaming(isStreaming) {
    this.#isStreaming = isStreaming
  }

  /** What the server's clock says, as far as the ticks tell. */
  get now() {
    return this.#clock.at + performance.now() - this.#clock.heardAt
  }

  /** The time of the newest tick. */
  get newest() {
    return this.#clock.at
  }

  /** @param {Mark} mark */
  mark(mark) {
    this.#marks = [...this.#marks.filter(({ to }) => to > this.now - WINDOW), mark]
  }

  /** @param {number} now */
  #frame(now) {
    requestAnimationFrame((next) => this.#frame(next))
    if (now - this.#drawnAt < (prefersStillness() ? CALM_FRAME : FRAME)) return
    this.#drawnAt = now
    if (this.#clock.at === 0) return
    if (this.#plot === undefined) this.#build()
    this.#draw()
  }

  get #isAlone() {
    return this.#selection.symbols.length === 1
  }

  #draw() {
    const quotes = this.#chosen()
    const right = this.now
    this.#plot?.batch(() => {
      this.#plot?.setData(this.#data(quotes, right), false)
      this.#plot?.setScale('x', { min: (right - WINDOW) / 1_000, max: right / 1_000 })
    })
    this.#legend.update(quotes)
  }

  /**
   * @param {readonly Quote[]} quotes
   * @param {number} right
   * @returns {uPlot.AlignedData}
   */
  #data(quotes, right) {
    const tables = quotes.map((quote) => this.#column(quote, right))
    return tables.length === 1 && tables[0] !== undefined ? tables[0] : uPlot.join(tables)
  }

  /**
   * @param {Quote} quote
   * @param {number} right
   * @returns {[number[], number[]]}
   */
  #column({ points, last }, right) {
    const open = last?.open ?? 1
    /** @param {number} value */
    const scaled = (value) => (this.#isAlone ? value : (value / open - 1) * 100)
    const first = points.findIndex(([at]) => at >= right - WINDOW)
    // One tick from before the window, so that the line enters from its edge.
    const shown = points.slice(first === -1 ? -1 : Math.max(0, first - 1))
    const times = shown.map(([at]) => at / 1_000)
    const values = shown.map(([, value]) => scaled(value))
    if (this.#isStreaming && last !== undefined) {
      times.push(right / 1_000)
      values.push(scaled(last.price))
    }
    return [times, values]
  }

  #chosen() {
    return this.#selection.symbols.map((symbol) => this.#quotes.get(symbol)).filter((quote) => quote !== undefined)
  }

  #build() {
    this.#plot?.destroy()
    this.#plot = undefined
    if (this.#clock.at === 0) return
    const style = getComputedStyle(document.documentElement)
    this.#plot = new uPlot(this.#options(style), [[]], this.#host)
    const { symbols } = this.#selection
    this.#host.setAttribute('aria-label', `Line chart of ${symbols.join(', ')} over the last ${WINDOW / 1_000} seconds`)
    byId('chart-scale').textContent = this.#isAlone ? 'price, last 90 seconds' : 'change since open, last 90 seconds'
    this.#legend.reset(this.#chosen())
    this.#draw()
  }

  #size() {
    return { width: this.#host.clientWidth, height: this.#host.clientHeight }
  }

  /**
   * @param {CSSStyleDeclaration} style
   * @returns {uPlot.Options}
   */
  #options(style) {
    /** @param {string} name */
    const color = (name) => style.getPropertyValue(name).trim()
    const axis = {
      stroke: color('--ink-soft'),
      font: `11px ${style.getPropertyValue('--sans')}`,
      ticks: { show: false },
    }
    const grid = { stroke: color('--grid'), width: 1 }
    return {
      ...this.#size(),
      padding: [10, 0, 0, 0],
      legend: { show: false },
      cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true, auto: false }, y: { range: yRange } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 72, values: clockTimes },
        {
          ...axis,
          grid,
          side: 1,
          size: 58,
          space: 40,
          values: (_plot, splits) => splits.map((split) => (this.#isAlone ? price(split) : percent(split))),
        },
      ],
      series: [
        {},
        ...this.#selection.symbols.map((symbol) => {
          const stroke = color(`--series-${(this.#selection.seriesOf(symbol) ?? 0) + 1}`)
          return { label: symbol, stroke, width: 1.75, spanGaps: true, points: { show: false }, ...this.#fill(stroke) }
        }),
      ],
      hooks: { drawAxes: [(plot) => this.#drawMarks(plot, color('--tint'), color('--accent'))] },
    }
  }

  /** @param {string} stroke */
  #fill(stroke) {
    if (!this.#isAlone) return {}
    return {
      /** @param {uPlot} plot */
      fill: (plot) => {
        const { top, height } = plot.bbox
        const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height)
        gradient.addColorStop(0, `${stroke}33`)
        gradient.addColorStop(1, `${stroke}00`)
        return gradient
      },
    }
  }

  /**
   * @param {uPlot} plot
   * @param {string} tint
   * @param {string} accent
   */
  #drawMarks(plot, tint, accent) {
    const { ctx } = plot
    const { left, top, width, height } = plot.bbox
    ctx.save()
    ctx.beginPath()
    ctx.rect(left, top, width, height)
    ctx.clip()
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`
    ctx.textBaseline = 'top'
    // A rim of the card's own colour, so that no line of the grid runs through the text.
    ctx.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--card')
    ctx.lineWidth = 4 * devicePixelRatio
    ctx.lineJoin = 'round'
    for (const [row, { from, to, label }] of this.#marks.entries()) {
      const start = plot.valToPos(from / 1_000, 'x', true)
      const end = plot.valToPos(to / 1_000, 'x', true)
      ctx.fillStyle = tint
      ctx.fillRect(start, top, Math.max(end - start, 0), height)
      ctx.fillStyle = accent
      ctx.fillRect(end, top, devicePixelRatio, height)
      // The text stands before the line, unless it would begin outside.
      const isBefore = end - left > ctx.measureText(label).width + 12
      ctx.textAlign = isBefore ? 'right' : 'left'
      const x = end + (isBefore ? -6 : 6) * devicePixelRatio
      const y = top + (2 + (row % 3) * 15) * devicePixelRatio
      ctx.strokeText(label, x, y)
      ctx.fillText(label, x, y)
    }
    ctx.restore()
  }
}

/**
 * A tenth of room above and below; never so close that cents look like mountains.
 *
 * @param {uPlot} _plot
 * @param {number} min
 * @param {number} max
 * @returns {[number, number]}
 */
function yRange(_plot, min, max) {
  if (min === null || max === null) return [0, 1]
  const room = Math.max((max - min) * 0.12, 0.05)
  return [min - room, max + room]
}

/**
 * The times under the chart, but for one that would begin outside.
 *
 * @param {uPlot} plot
 * @param {number[]} splits seconds since the Unix epoch
 */
function clockTimes(plot, splits) {
  return splits.map((split) => {
    const isInside = plot.valToPos(split, 'x') > 24
    return isInside ? new Date(split * 1_000).toLocaleTimeString('en', { hour12: false }) : ''
  })
}

/** @param {number} split */
function percent(split) {
  return `${split > 0 ? '+' : split < 0 ? '−' : ''}${Math.abs(split).toFixed(1)}%`
}
