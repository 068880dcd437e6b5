/**
 * @import {Sent} from '../src/admin/admin.controller.ts'
 * @import {Presences} from '../src/admin/presence.service.ts'
 * @import {Kind} from '../src/notices/notice.ts'
 * @import {User} from '../src/users.ts'
 * @import {State} from './stream.js'
 */
import { bird, byId, element, icon } from './elements.js'
import { exampleOf } from './examples.js'
import { kinds } from './kinds.js'
import { People, sentTo } from './people.js'
import { request } from './request.js'
import { Stream } from './stream.js'

const ADMIN = '/admin'
const users = /** @type {readonly User[]} */ (await request('/users'))
const form = /** @type {HTMLFormElement} */ (byId('compose'))
const sent = byId('sent')

byId('to').append(
  option('to', 'all', icon('everyone'), 'Everyone'),
  ...users.map(({ id, name }) => option('to', id, bird(id), name.split(' ')[0] ?? name)),
)
byId('kinds').append(...Object.entries(kinds).map(([kind, label]) => option('kind', kind, icon(kind), label)))
for (const name of ['to', 'kind']) form.querySelector(`[name="${name}"]`)?.toggleAttribute('checked', true)

const people = new People(users, {
  disconnect: (user) => act(user, 'disconnect', `${user.name} was disconnected, and comes back by itself.`),
  signOut: (user) => act(user, 'sign-out', `${user.name} was signed out.`),
})
/** @type {Stream<{ presence: Presences }>} */
const stream = new Stream(ADMIN, showState)
stream.on('presence', (presences) => people.show(presences))
stream.open()

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { to, kind, title, text } = Object.fromEntries(new FormData(form))
  try {
    const { tabs } = /** @type {Sent} */ (await request(`${ADMIN}/notices`, 'POST', { to, kind, title, text }))
    say(sentTo(users.find(({ id }) => id === to)?.name ?? 'everyone', tabs))
    clear()
  } catch (error) {
    say(`That was not sent. ${error}`, true)
  }
})
byId('example').addEventListener('click', () => {
  const kind = /** @type {Kind} */ (new FormData(form).get('kind'))
  const example = exampleOf(kind)
  if (example !== undefined) fill(example)
})
byId('sign-out').addEventListener('click', async () => {
  await request(`${ADMIN}/session`, 'DELETE')
  leave()
})

/**
 * One of several things to choose from.
 *
 * @param {string} name
 * @param {string} value
 * @param {Element} picture
 * @param {string} label
 */
function option(name, value, picture, label) {
  const input = element('input', '')
  input.type = 'radio'
  input.name = name
  input.value = value
  const made = element('label', 'option', input, picture, label)
  if (name === 'kind') made.dataset.kind = value
  return made
}

/**
 * @param {User} user
 * @param {'disconnect' | 'sign-out'} what
 * @param {string} done
 */
async function act(user, what, done) {
  try {
    await request(`${ADMIN}/users/${user.id}/${what}`, 'POST')
    say(done)
  } catch (error) {
    say(`That did not work. ${error}`, true)
  }
}

/** @param {{ title: string, text: string }} words */
function fill({ title, text }) {
  for (const [name, value] of Object.entries({ title, text })) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value
  }
}

function clear() {
  fill({ title: '', text: '' })
}

/**
 * @param {string} text
 * @param {boolean} [isBad]
 */
function say(text, isBad = false) {
  sent.textContent = text
  sent.classList.toggle('is-bad', isBad)
}

/** @param {State} state */
function showState(state) {
  byId('state').textContent = state
  byId('lamp').dataset.state = state
  if (state === 'signed out') leave()
}

function leave() {
  location.replace('/?signed-out=postmaster')
}
