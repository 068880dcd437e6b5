/**
 * @import {NodeStatus} from '../src/nodes/status.ts'
 */
import { element } from './elements.js'
import { bytes, capitalized, count } from './format.js'

/** So many pages are shown by their numbers, and the others counted. */
const SHOWN_PAGES = 8

/**
 * What a card has to know beside its node.
 *
 * @typedef {object} Viewer
 * @property {string} engine where the log is
 * @property {string | null} node the node that this page is on
 * @property {number | undefined} page the number of this page
 */

/** One node: how it is, who is on it, and the button that ends or starts its process. */
export class NodeCard {
  element
  name

  #lamp = element('span', 'lamp')
  #state = element('span', 'node-state')
  #link = element('a', 'node-port')
  #badge = element('span', 'node-badge', 'this page')
  #pages = element('ul', 'node-pages')
  #figures = element('dl', 'node-figures')
  #log = element('p', 'node-log')
  #button = element('button', 'node-button')

  /**
   * @param {NodeStatus} node
   * @param {(action: 'kill' | 'start') => void} press
   */
  constructor({ name }, press) {
    this.name = name
    this.#button.type = 'button'
    this.#button.addEventListener('click', () => {
      const { action } = this.#button.dataset
      if (action === 'kill' || action === 'start') press(action)
    })
    this.element = element(
      'li',
      'node',
      element(
        'div',
        'node-head',
        this.#lamp,
        element('h3', '', capitalized(name)),
        this.#state,
        this.#link,
        this.#badge,
      ),
      this.#pages,
      this.#figures,
      element('div', 'node-foot', this.#log, this.#button),
    )
  }

  /**
   * @param {NodeStatus} node
   * @param {Viewer} viewer
   */
  show({ state, port, pid, pages, stats, log }, { engine, node, page }) {
    const isHere = node === this.name && state === 'up'
    this.element.classList.toggle('is-here', isHere)
    this.element.dataset.state = state
    this.#lamp.dataset.state = lampOf({ state, log })
    this.#state.textContent = state === 'up' ? `pid ${pid}` : state
    this.#link.textContent = `:${port}`
    if (state === 'up') this.#link.href = `${location.protocol}//${location.hostname}:${port}/`
    else this.#link.removeAttribute('href')
    this.#badge.hidden = !isHere
    this.#pages.replaceChildren(...pageItems(pages, page))
    this.#figures.replaceChildren(
      ...figure('Streams', stats === null ? '–' : count(stats.connections)),
      ...figure('Followed', stats === null ? '–' : count(stats.published)),
      ...figure('Sent', stats === null ? '–' : bytes(stats.bytes)),
      ...figure('Gaps', stats === null ? '–' : count(gapsOf(stats))),
    )
    this.#log.textContent = logLine({ state, stats, log }, engine)
    this.#log.classList.toggle('is-bad', state === 'up' && !log.ok)
    this.#button.dataset.action = state === 'down' ? 'start' : 'kill'
    this.#button.textContent = state === 'down' ? 'Start it again' : 'Kill this node'
  }
}

/** @param {Pick<NodeStatus, 'state' | 'log'>} node */
function lampOf({ state, log }) {
  if (state === 'down') return 'closed'
  return state === 'up' && log.ok ? 'open' : 'connecting'
}

/**
 * @param {readonly number[]} pages
 * @param {number | undefined} own
 */
function pageItems(pages, own) {
  if (pages.length === 0) return [element('li', 'is-nobody', 'no page')]
  // This page comes first, so that it is never among those that are only counted.
  const sorted = pages.toSorted((a, b) => Number(b === own) - Number(a === own))
  const items = sorted.slice(0, SHOWN_PAGES).map((page) => {
    const item = element('li', '', page === own ? `page ${page}, this one` : `page ${page}`)
    item.classList.toggle('is-own', page === own)
    return item
  })
  const others = pages.length - items.length
  return others > 0 ? [...items, element('li', '', `${count(others)} more`)] : items
}

/**
 * @param {string} label
 * @param {string} value
 */
function figure(label, value) {
  return [element('div', '', element('dt', '', label), element('dd', '', value))]
}

/** @param {NonNullable<NodeStatus['stats']>} stats */
function gapsOf({ gaps }) {
  return Object.values(gaps).reduce((sum, each) => sum + each, 0)
}

/**
 * @param {Pick<NodeStatus, 'state' | 'stats' | 'log'>} node
 * @param {string} engine
 */
function logLine({ state, stats, log }, engine) {
  if (state === 'down') return 'The process is gone.'
  if (state === 'starting') return `Reads the log’s tail from ${engine} …`
  if (!log.ok) return `Log: ${log.error ?? 'away'}`
  return `Follows ${engine}, at ${stats?.ring.head.split('.').at(-1) ?? 'its end'}`
}
