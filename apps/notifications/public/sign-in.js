/** @import {User} from '../src/users.ts' */
import { bird, byId, element } from './elements.js'
import { request } from './request.js'

const users = /** @type {readonly User[]} */ (await request('/users'))
const desk = { id: 'postmaster', name: 'Sorting desk', role: 'Send, see who is here' }
byId('wall').append(
  ...users.map((user) => element('li', '', hole(user, `/u/${user.id}`))),
  element('li', '', hole(desk, '/admin')),
)
tellWhoHasGone()

/**
 * A compartment of the wall: pressed, it signs in and leads to the place.
 *
 * @param {User} user
 * @param {string} place
 */
function hole({ id, name, role }, place) {
  const inside = element('span', 'hole-inside', bird(id))
  const button = element('button', 'hole', inside, element('b', '', name), element('span', '', role))
  button.type = 'button'
  button.classList.toggle('is-desk', id === desk.id)
  button.addEventListener('click', async () => {
    await request(`${place}/session`, 'POST')
    location.assign(place)
  })
  return button
}

/** Says who was signed out, where that is why this page is shown. */
function tellWhoHasGone() {
  const id = new URLSearchParams(location.search).get('signed-out')
  const known = [...users, desk].find((user) => user.id === id)
  if (known === undefined) return
  byId('note').textContent = `${known.name} has been signed out, in every tab.`
  byId('note').hidden = false
  history.replaceState(null, '', '/')
}
