/**
 * @import {Received} from './places.js'
 * @import {Absence, Arrival, Reader} from './reader.js'
 */
import { byId, element } from './elements.js'
import { duration, stories as inStories, timeOfDay, timeToTheSecond } from './format.js'

/**
 * What has come of the stories that were published during an absence.
 *
 * @typedef {object} Missed
 * @property {Absence} absence
 * @property {number} back when it ended, in milliseconds since the Unix epoch
 * @property {number} count
 * @property {HTMLElement} banner
 */

/** So many stories are on the page. */
const MAX_SHOWN = 100

const WHEN = {
  left: 'While you were away',
  closed: 'While the page was closed',
  dropped: 'While the connection was down',
  filter: 'Since you last read this',
}

/** The list of stories, newest first, with what was missed between two marks. */
export class Feed {
  #list = byId('feed')
  #notice = byId('notice')
  /** @type {Missed | undefined} */
  #missed

  /** @param {Reader} reader */
  constructor(reader) {
    reader.on('place', (known) => this.#show(known))
    reader.on('opened', ({ absence }) => this.#opened(absence))
    reader.on('story', ({ story, arrival }) => this.#add(story, arrival))
    reader.on('gap', ({ reason }) => this.#gap(reason))
  }

  /** @param {readonly Received[]} known oldest first */
  #show(known) {
    this.#missed = undefined
    this.#notice.hidden = true
    this.#list.replaceChildren(...known.map(storyItem).toReversed())
  }

  /** @param {Absence | undefined} absence */
  #opened(absence) {
    for (const mark of this.#list.querySelectorAll('.banner, .left-here, .tag')) mark.remove()
    for (const item of this.#list.querySelectorAll('[data-missed]')) item.removeAttribute('data-missed')
    this.#notice.hidden = true
    const banner = element('li', 'banner')
    this.#missed = absence && { absence, back: Date.now(), count: 0, banner }
  }

  /**
   * @param {Received} story
   * @param {Arrival} arrival
   */
  #add(story, arrival) {
    const item = storyItem(story)
    if (arrival === 'missed' && this.#missed !== undefined) this.#mark(item, this.#missed)
    this.#list.prepend(item)
    if (arrival === 'live') appear(item)
    // Above all that was missed, also above what is between it and has been read elsewhere.
    else if (this.#missed?.banner.isConnected) this.#list.prepend(this.#missed.banner)
    for (const oldest of [...this.#list.querySelectorAll('.story')].slice(MAX_SHOWN)) oldest.remove()
  }

  /**
   * @param {HTMLElement} item
   * @param {Missed} missed
   */
  #mark(item, missed) {
    const { absence, back, banner } = missed
    if (missed.count === 0 && this.#list.childElementCount > 0) this.#list.prepend(leftHere(absence))
    missed.count += 1
    item.dataset.missed = ''
    item.querySelector('.story-meta')?.append(element('span', 'tag', 'missed'))
    const length = absence.cause === 'filter' ? '' : duration(back - absence.from)
    const shown = missed.count > MAX_SHOWN ? `, of which the newest ${MAX_SHOWN} are here` : ''
    banner.replaceChildren(element('b', '', `${WHEN[absence.cause]}: ${inStories(missed.count)}${shown}`), length)
    this.#list.prepend(banner)
  }

  /** @param {string} reason */
  #gap(reason) {
    this.#list.replaceChildren()
    if (this.#missed !== undefined) this.#missed.count = 0
    this.#notice.textContent =
      reason === 'trimmed'
        ? 'You were away for longer than the server remembers: there was more than you see here. The list begins anew.'
        : 'The server does not know the place where you were, so nobody can say what you missed. The list begins anew.'
    this.#notice.hidden = false
  }
}

/** @param {Received} story */
function storyItem({ id, desk, headline, standfirst, author, at }) {
  const [section = '', ...beneath] = desk.split('/')
  const time = element('time', '', timeOfDay(at))
  time.dateTime = new Date(at).toISOString()
  const item = element(
    'li',
    'story',
    element(
      'article',
      'story-body',
      element('div', 'story-meta', element('b', '', capitalized(section)), ...beneath.map(capitalized), time),
      element(
        'div',
        '',
        element('h2', '', element('span', 'headline', headline)),
        element('p', 'standfirst', standfirst),
        element('p', 'byline', `By ${author}`),
      ),
    ),
  )
  item.dataset.id = id
  return item
}

/** @param {Absence} absence */
function leftHere({ cause, from }) {
  return element(
    'li',
    'left-here',
    cause === 'left' ? `You left here at ${timeToTheSecond(from)}` : 'You had read up to here',
  )
}

/**
 * Makes room for a story, unless less movement is asked for.
 *
 * @param {HTMLElement} item
 */
function appear(item) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const height = `${item.offsetHeight}px`
  const frames = { height: ['0', height], opacity: [0, 1], overflow: ['clip', 'clip'] }
  item.animate(frames, { duration: 420, easing: 'cubic-bezier(0.2, 0.8, 0.2, 1)' })
}

/** @param {string} text */
function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
