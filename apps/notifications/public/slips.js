/**
 * @import {Notice} from '../src/notices/notice.ts'
 * @import {Inbox} from './inbox.js'
 */
import { byId, element, icon, prefersStillness } from './elements.js'
import { clock } from './format.js'
import { kinds } from './kinds.js'

/** The list of notices: one slip of paper for each, the newest on top. */
export class Slips {
  #list = byId('slips')
  #onRead
  /** @type {Map<string, HTMLElement>} */
  #slips = new Map()

  /** @param {(id: string) => void} onRead */
  constructor(onRead) {
    this.#onRead = onRead
  }

  /**
   * Shows what is in the inbox. Slips that are there already stay, so that whoever is about to press one does not miss it.
   *
   * @param {Inbox} inbox
   */
  show(inbox) {
    const ids = new Set(inbox.notices.map(({ id }) => id))
    for (const [id, slip] of this.#slips) {
      if (ids.has(id)) continue
      slip.remove()
      this.#slips.delete(id)
    }
    for (const notice of inbox.notices) this.#slipOf(notice).classList.toggle('is-unread', !notice.isRead)
  }

  /**
   * Lets a slip slide in.
   *
   * @param {string} id
   */
  welcome(id) {
    if (prefersStillness()) return
    const from = { opacity: 0, transform: 'translateY(-14px)' }
    this.#slips.get(id)?.animate([from, { opacity: 1, transform: 'none' }], { duration: 260, easing: 'ease-out' })
  }

  /** @param {Notice} notice */
  #slipOf(notice) {
    const known = this.#slips.get(notice.id)
    if (known !== undefined) return known
    const slip = this.#make(notice)
    this.#slips.set(notice.id, slip)
    this.#list.prepend(slip)
    return slip
  }

  /** @param {Notice} notice */
  #make({ id, kind, title, text, toAll, at }) {
    const mark = element('button', 'mark', icon('check'), element('span', '', 'Read'))
    mark.type = 'button'
    mark.setAttribute('aria-label', `Mark as read: ${title}`)
    mark.addEventListener('click', () => this.#onRead(id))
    const meta = element(
      'p',
      'slip-meta',
      element('b', '', kinds[kind]),
      ` to ${toAll ? 'everyone' : 'you'}, ${clock(at)}`,
    )
    const words = element('div', '', element('h2', '', title), element('p', 'slip-text', text))
    const slip = element('li', 'slip', element('span', 'slip-kind', icon(kind)), words, meta, mark)
    slip.dataset.kind = kind
    slip.dataset.id = id
    return slip
  }
}
