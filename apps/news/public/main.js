/** @import {Saved} from './reader.js' */
import { byId } from './elements.js'
import { Feed } from './feed.js'
import { date } from './format.js'
import { Presence } from './presence.js'
import { Reader } from './reader.js'
import { Sections } from './sections.js'

const KEY = 'reader'
/** Of what is kept. */
const VERSION = 1

const reader = new Reader(saved())
new Feed(reader)
new Presence(reader)
new Sections(reader)
byId('today').textContent = date(Date.now())
byId('facts').toggleAttribute('open', matchMedia('(min-width: 861px)').matches)

// A page that is gone, or kept for going back, holds no connection; what it has read is there when it returns.
addEventListener('pagehide', () => {
  reader.suspend()
  save()
})
addEventListener('pageshow', () => reader.open())

/**
 * What this tab had read before it was reloaded. What is there is the page's own, but it may be of an older page.
 *
 * @returns {Saved | undefined}
 */
function saved() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    return kept?.version === VERSION ? kept.reader : undefined
  } catch {
    // Storage may be forbidden: then a reload is a first visit.
    return undefined
  }
}

function save() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ version: VERSION, reader }))
  } catch {
    // As above, or it is full.
  }
}
