/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** @import { DemoEvent } from '../landing.mjs' */

/** So many events are shown as they came. */
const SHOWN_EVENTS = 8

const wire = document.getElementById('wire')
/** @type {string[]} */
const frames = []

for (const card of document.querySelectorAll('.demo')) {
  // Wherever this page was opened from, the demos are on the same machine.
  if (!(card instanceof HTMLElement)) continue
  const link = card.querySelector('a')
  if (link !== null) link.href = `${location.protocol}//${location.hostname}:${card.dataset.port}/`
  const address = card.querySelector('.address')
  if (address !== null) address.textContent = `${location.hostname}:${card.dataset.port}`
}

const source = new EventSource('/events')
source.addEventListener('demo', (message) => {
  show(JSON.parse(message.data))
  write(message)
})
source.addEventListener('open', () => document.body.classList.remove('is-away'))
// All that is known of the demos is what this stream says: without it, nothing is.
source.addEventListener('error', () => document.body.classList.add('is-away'))

/** @param {DemoEvent} event */
function show({ name, state, detail = '' }) {
  for (const card of document.querySelectorAll('.demo')) {
    if (!(card instanceof HTMLElement) || card.dataset.name !== name) continue
    card.dataset.state = state
    for (const [selector, text] of [
      ['.state', state],
      ['.detail', detail],
    ]) {
      const place = card.querySelector(selector ?? '')
      if (place !== null && place.textContent !== text) place.textContent = text ?? ''
    }
  }
}

/** @param {MessageEvent<string>} message */
function write({ type, data, lastEventId }) {
  const id = lastEventId === '' ? '' : `id: ${lastEventId}\n`
  frames.push(`${id}event: ${type}\ndata: ${data}\n`)
  if (frames.length > SHOWN_EVENTS) frames.shift()
  if (wire === null) return
  wire.textContent = frames.join('\n')
  wire.scrollTop = wire.scrollHeight
}
