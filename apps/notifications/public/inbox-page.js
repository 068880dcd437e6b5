/**
 * @import {PigeonholeEvents} from '../src/events.ts'
 * @import {User} from '../src/users.ts'
 * @import {State} from './stream.js'
 */
import { byId, element } from './elements.js'
import { Inbox } from './inbox.js'
import { request } from './request.js'
import { Slips } from './slips.js'
import { Stream } from './stream.js'

const place = location.pathname
const user = place.split('/').at(-1) ?? ''
const inbox = new Inbox()
const slips = new Slips((id) => void request(`${place}/notices/${id}/read`, 'POST').catch(complain))
/** @type {Stream<PigeonholeEvents>} */
const stream = new Stream(place, showState)
/** @type {string} */
let name = user

stream.on('inbox', ({ notices }) => {
  inbox.replace(notices)
  show()
})
stream.on('notice', (notice) => {
  const isNew = inbox.put(notice)
  show()
  if (isNew) slips.welcome(notice.id)
})
stream.on('read', ({ ids }) => {
  inbox.read(ids)
  show()
})

byId('read-all').addEventListener('click', () => void request(`${place}/notices/read`, 'POST').catch(complain))
byId('sign-out').addEventListener('click', () => void request(`${place}/session`, 'DELETE').then(leave, complain))
for (const choice of ['all', 'unread']) byId(`show-${choice}`).addEventListener('click', () => choose(choice))

byId('topics').append(element('code', '', `users/${user}/inbox`), element('code', '', 'everyone'))
void introduce()
stream.open()

async function introduce() {
  const known = /** @type {User} */ (await request(`${place}/session`))
  name = known.name
  byId('name').textContent = known.name
  byId('role').textContent = known.role
  const portrait = byId('bird')
  if (portrait instanceof HTMLImageElement) portrait.src = `/birds/${known.id}.svg`
  show()
}

function show() {
  const { unread } = inbox
  slips.show(inbox)
  byId('unread').textContent = String(unread)
  byId('badge').dataset.count = String(unread)
  byId('read-all').toggleAttribute('disabled', unread === 0)
  byId('received').textContent = String(inbox.received)
  byId('last-event-id').textContent = stream.lastEventId === '' ? 'none yet' : stream.lastEventId
  const isEmpty = byId('slips').classList.contains('only-unread') ? unread === 0 : inbox.notices.length === 0
  byId('empty').hidden = !isEmpty
  document.title = unread === 0 ? `${name} · Pigeonhole` : `(${unread}) ${name} · Pigeonhole`
}

/** @param {string} which */
function choose(which) {
  byId('slips').classList.toggle('only-unread', which === 'unread')
  for (const choice of ['all', 'unread']) byId(`show-${choice}`).setAttribute('aria-pressed', String(choice === which))
  show()
}

/** @param {State} state */
function showState(state) {
  byId('state').textContent = state
  byId('lamp').dataset.state = state
  byId('reconnects').textContent = String(stream.reconnects)
  if (state === 'signed out') leave()
}

function leave() {
  location.replace(`/?signed-out=${user}`)
}

/** @param {unknown} error */
function complain(error) {
  byId('state').textContent = String(error)
}
