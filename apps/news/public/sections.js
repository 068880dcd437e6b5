/** @import {Reader} from './reader.js' */

/** Filters that have everything else in them: they stand alone. */
const WIDE = ['front', 'everything']

/** The buttons that choose what is read: one of the wide ones, or any number of sections. */
export class Sections {
  #buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-filter]')])
  #reader

  /** @param {Reader} reader */
  constructor(reader) {
    this.#reader = reader
    for (const button of this.#buttons) {
      button.addEventListener('click', () => {
        this.#press(button.dataset.filter ?? '')
        button.scrollIntoView({ block: 'nearest', inline: 'nearest' })
      })
    }
    this.#show()
  }

  /** @param {string} pressed */
  #press(pressed) {
    const chosen = this.#reader.filter.split('+').filter((name) => !WIDE.includes(name))
    const next = chosen.includes(pressed) ? chosen.filter((name) => name !== pressed) : [...chosen, pressed]
    this.#reader.choose(WIDE.includes(pressed) ? pressed : this.#inOrder(next).join('+') || 'front')
    this.#show()
  }

  /** @param {readonly string[]} names */
  #inOrder(names) {
    return this.#buttons.map((button) => button.dataset.filter ?? '').filter((name) => names.includes(name))
  }

  #show() {
    const chosen = this.#reader.filter.split('+')
    for (const button of this.#buttons) {
      button.setAttribute('aria-pressed', String(chosen.includes(button.dataset.filter ?? '')))
    }
  }
}
