/**
 * @import {Presence, Presences, Tab} from '../src/admin/presence.service.ts'
 * @import {User} from '../src/users.ts'
 */
import { bird, byId, element } from './elements.js'
import { count, exactClock } from './format.js'

/** What the postmaster can do to somebody. */
/** @typedef {{ disconnect: (user: User) => void, signOut: (user: User) => void }} Actions */

/** The wall as the sorting desk sees it: a row for each user, with their tabs. */
export class People {
  /** @type {ReadonlyMap<string, Person>} */
  #people

  /**
   * @param {readonly User[]} users
   * @param {Actions} actions
   */
  constructor(users, actions) {
    this.#people = new Map(users.map((user) => [user.id, new Person(user, actions)]))
    byId('people').replaceChildren(...Array.from(this.#people.values(), ({ row }) => row))
    byId('user-count').textContent = String(users.length)
  }

  /** @param {Presences} presences */
  show({ people }) {
    for (const presence of people) this.#people.get(presence.user)?.show(presence)
    const tabs = people.reduce((sum, each) => sum + each.tabs.length, 0)
    byId('tab-count').textContent = String(tabs)
    byId('tab-word').textContent = tabs === 1 ? 'tab' : 'tabs'
    byId('people-count').textContent = String(people.filter((each) => each.tabs.length > 0).length)
  }
}

class Person {
  row = element('li', 'person')
  #tabs = element('ul', 'tabs')
  #unread = element('span', 'person-unread')
  #disconnect
  #signOut

  /**
   * @param {User} user
   * @param {Actions} actions
   */
  constructor(user, { disconnect, signOut }) {
    this.#disconnect = button('Disconnect', user, () => disconnect(user))
    this.#signOut = button('Sign out', user, () => signOut(user))
    this.row.dataset.user = user.id
    this.row.append(
      element('div', 'person-hole', bird(user.id, 'person-bird'), this.#unread),
      element('p', 'person-name', element('b', '', user.name), element('span', '', user.role)),
      this.#tabs,
      element('div', 'person-tools', this.#disconnect, this.#signOut),
    )
  }

  /** @param {Presence} presence */
  show({ unread, tabs }) {
    this.row.classList.toggle('is-here', tabs.length > 0)
    this.#unread.textContent = String(unread)
    this.#unread.title = `${unread} unread`
    this.#unread.dataset.count = String(unread)
    this.#disconnect.disabled = tabs.length === 0
    this.#signOut.disabled = tabs.length === 0
    this.#tabs.replaceChildren(...(tabs.length === 0 ? [element('li', 'nobody', 'not connected')] : tabs.map(tabRow)))
  }
}

/**
 * @param {string} label
 * @param {User} user
 * @param {() => void} press
 */
function button(label, { name }, press) {
  const made = element('button', 'quiet', label)
  made.type = 'button'
  made.setAttribute('aria-label', `${label}: ${name}`)
  made.addEventListener('click', press)
  return made
}

/** @param {Tab} tab */
function tabRow({ state, since, cursor }) {
  const lamp = element('span', 'lamp')
  lamp.dataset.state = state
  const row = element('li', 'tab-row', lamp, `${state} since ${exactClock(since)}`)
  if (cursor !== null) row.append(element('code', '', `at ${cursor}`))
  return row
}

/**
 * What became of a notice.
 *
 * @param {string} to
 * @param {number} tabs
 */
export function sentTo(to, tabs) {
  const shown = tabs === 0 ? 'No tab was open: it waits in the pigeonhole.' : `${count(tabs, 'tab')} showed it at once.`
  return `Sent to ${to}. ${shown}`
}
