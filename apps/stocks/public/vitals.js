/**
 * @import {Feed, State} from './feed.js'
 */
import { byId } from './elements.js'
import { count, oneDecimal } from './format.js'

/** The rate is what came in this many milliseconds. */
const RATE_WINDOW = 3_000
const REFRESH = 250

/** The strip of figures under the title: how the stream is at the moment. */
export class Vitals {
  #feed
  /** @type {{ at: number, received: number }[]} */
  #samples = []

  /** @param {Feed} feed */
  constructor(feed) {
    this.#feed = feed
    feed.on('state', (state) => showState(state))
    setInterval(() => this.#refresh(), REFRESH)
  }

  #refresh() {
    const { lastEventId, received, gaps, sequence } = this.#feed
    byId('last-event-id').textContent = lastEventId === '' ? 'none yet' : lastEventId
    byId('last-event-id').title = lastEventId
    byId('rate').textContent = oneDecimal(this.#rate(received))
    byId('received').textContent = count(received)
    byId('node').textContent = this.#feed.node ?? 'none yet'
    byId('gaps').textContent = count(gaps)
    byId('missing').textContent = count(sequence.missing)
    byId('missing').classList.toggle('is-bad', sequence.missing > 0)
  }

  /** @param {number} received */
  #rate(received) {
    const at = performance.now()
    this.#samples = [...this.#samples.filter((sample) => sample.at > at - RATE_WINDOW), { at, received }]
    const first = this.#samples[0]
    if (first === undefined || first.at === at) return 0
    return ((received - first.received) * 1_000) / (at - first.at)
  }
}

/** @param {State} state */
function showState(state) {
  byId('state').textContent = state
  const lamp = document.querySelector('.lamp')
  if (lamp instanceof HTMLElement) lamp.dataset.state = state
}
