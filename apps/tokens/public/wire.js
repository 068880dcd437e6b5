/**
 * @import {LineState} from './line.js'
 * @import {Turn} from './turn.js'
 */
import { byId, element } from './elements.js'
import { count, duration, rate } from './format.js'
import { Tape } from './tape.js'

/** The panel beside the conversation: what came over the wire for the newest answer. */
export class Wire {
  #tape = new Tape()
  #notes = byId('notes')
  /** @type {Turn | undefined} */
  #turn
  /** @type {LineState} */
  #line = { name: 'closed' }

  /** @param {LineState} state shown with the rest: who reads that an answer is complete sees all of it */
  connection(state) {
    this.#line = state
  }

  /** @param {Turn | undefined} turn the newest */
  show(turn) {
    if (turn !== this.#turn) this.#notes.replaceChildren()
    this.#turn = turn
    byId('tokens').textContent = String(turn?.tokens.length ?? 0)
    byId('rate').textContent = rate(turn?.rate)
    byId('first-token').textContent = duration(turn?.firstTokenAfter)
    byId('reconnects').textContent = String(turn?.seams.length ?? 0)
    showCount('missing', turn?.missing ?? 0)
    showCount('doubled', turn?.doubled ?? 0)
    byId('last-event-id').textContent = turn?.lastEventId || 'none yet'
    this.#tape.show(turn)
    for (const { kind, text } of turn?.notes.slice(this.#notes.childElementCount) ?? []) {
      this.#notes.append(element('li', `note is-${kind}`, text))
    }
    this.#showState()
  }

  /** @param {{ begun: number, running: number, readers: number }} stats */
  server({ begun, running, readers }) {
    byId('server').textContent =
      `The model has begun ${count(begun, 'answer')}; ${running} being written, ${count(readers, 'reader')} connected.`
  }

  #showState() {
    const name = this.#stateName
    byId('state').textContent =
      this.#line.name === 'waiting' && name === 'waiting'
        ? `cut: back in ${duration(this.#line.ms)}`
        : (STATES[name] ?? name)
    byId('wire').dataset.state = name
  }

  get #stateName() {
    if (this.#turn === undefined) return 'idle'
    if (!this.#turn.isOpen) return this.#turn.state
    return this.#line.name === 'open' && this.#turn.tokens.length === 0 ? 'thinking' : this.#line.name
  }
}

/** @type {Readonly<Record<string, string>>} */
const STATES = {
  idle: 'nothing asked yet',
  connecting: 'connecting',
  thinking: 'connected, no token yet',
  open: 'streaming',
  closed: 'closed',
  done: 'complete',
  stopped: 'stopped',
  failed: 'failed',
  gone: 'gone',
}

/**
 * @param {string} id
 * @param {number} value
 */
function showCount(id, value) {
  byId(id).textContent = String(value)
  byId(id).classList.toggle('is-bad', value > 0)
}
