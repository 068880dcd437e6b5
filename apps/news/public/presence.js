/**
 * @import {Absence, Reader, State} from './reader.js'
 */
import { byId, element } from './elements.js'
import { duration, stopwatch, stories, timeToTheSecond } from './format.js'

/** @type {Readonly<Record<State, string>>} */
const NOW = {
  connecting: 'Connecting',
  live: 'You are here, live',
  reconnecting: 'Connection lost, coming back',
  closed: 'Connection lost, trying again',
  away: 'You are away',
}

/** Of announcements that come in a burst the last one is said, after so many milliseconds. */
const ANNOUNCE_AFTER = 400

/** Where the reader is: leaves, comes back, and shows what can be said of the stream. */
export class Presence {
  #reader
  #title = document.title
  #button = byId('presence-button')
  #clock = byId('clock')
  #text = byId('presence-text')
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #announcing
  /** @type {{ absence: Absence, back: number, missed: number } | undefined} */
  #back

  /** @param {Reader} reader */
  constructor(reader) {
    this.#reader = reader
    this.#button.addEventListener('click', () => (reader.leftAt === undefined ? reader.leave() : reader.comeBack()))
    reader.on('state', (state) => this.#show(state))
    reader.on('opened', ({ topics, absence }) => {
      byId('topics').replaceChildren(...topics.map((topic) => element('code', '', topic)))
      this.#back = absence && absence.cause !== 'filter' ? { absence, back: Date.now(), missed: 0 } : undefined
      this.#tell()
    })
    reader.on('story', ({ story, arrival }) => {
      this.#count()
      if (arrival === 'live') this.#announce(story.headline)
      if (arrival !== 'missed' || this.#back === undefined) return
      this.#back.missed += 1
      this.#tell()
    })
    reader.on('gap', () => this.#count())
    reader.on('place', () => this.#count())
    setInterval(() => this.#tick(), 250)
  }

  /** @param {State} state */
  #show(state) {
    document.body.dataset.state = state
    byId('state').textContent = NOW[state]
    const isAway = state === 'away'
    this.#button.textContent = isAway ? 'Come back' : 'Leave'
    this.#clock.hidden = !isAway
    document.title = isAway ? `Away · ${this.#title}` : this.#title
    if (isAway) this.#back = undefined
    this.#tick()
    this.#tell()
  }

  #tick() {
    const { leftAt } = this.#reader
    if (leftAt !== undefined) this.#clock.textContent = stopwatch(Date.now() - leftAt)
  }

  #tell() {
    const text = this.#words()
    if (this.#text.textContent === text) return
    this.#text.textContent = text
    this.#announce(text)
  }

  #words() {
    const { leftAt } = this.#reader
    if (leftAt !== undefined) {
      return `Your connection has been closed since ${timeToTheSecond(leftAt)}. The newsroom goes on without you.`
    }
    if (this.#back === undefined) return 'Leave for a while. When you come back, what you missed is marked.'
    const { absence, back, missed } = this.#back
    const away = `Back after ${duration(back - absence.from)}`
    if (missed === 0) return `${away}. You missed nothing.`
    return `${away}. You missed ${stories(missed)}, now marked.`
  }

  #count() {
    const { lastEventId, replayed, live, gaps } = this.#reader
    byId('last-event-id').textContent = lastEventId || 'none yet'
    byId('replayed').textContent = String(replayed)
    byId('live').textContent = String(live)
    byId('gaps').textContent = String(gaps)
  }

  /** @param {string} text */
  #announce(text) {
    clearTimeout(this.#announcing)
    this.#announcing = setTimeout(() => {
      byId('announcer').textContent = text
    }, ANNOUNCE_AFTER)
  }
}
