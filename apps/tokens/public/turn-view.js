/**
 * @import {Turn} from './turn.js'
 */
import { element } from './elements.js'
import { count, rate } from './format.js'
import { renderMarkdown } from './markdown.js'

/** A turn on the page: the question, the answer as it grows, and a line about how it came. */
export class TurnView {
  #turn
  #answer = element('div', 'answer')
  #foot = element('p', 'turn-foot')
  /** Busy while it grows, so that screen readers say it when it is whole. */
  element = element('article', 'turn')

  /** @param {Turn} turn */
  constructor(turn) {
    this.#turn = turn
    this.element.append(element('h2', 'prompt', turn.prompt), this.#answer, this.#foot)
  }

  refresh() {
    const turn = this.#turn
    this.element.dataset.state = turn.state
    this.element.setAttribute('aria-busy', String(turn.isOpen))
    const [prompt] = this.element.children
    if (prompt !== undefined && prompt.textContent !== turn.prompt) prompt.textContent = turn.prompt
    renderMarkdown(this.#answer, turn.text)
    this.#foot.textContent = turn.isOpen ? '' : footOf(turn)
  }
}

/** @param {Turn} turn */
function footOf(turn) {
  const facts = [count(turn.tokens.length, 'token')]
  if (turn.rate !== undefined) facts.push(`${rate(turn.rate)} a second`)
  if (turn.seams.length > 0) facts.push(`resumed ${count(turn.seams.length, 'time')}, begun once`)
  if (turn.state !== 'done') facts.push(ENDINGS[turn.state] ?? turn.state)
  return facts.join(' · ')
}

/** @type {Readonly<Record<string, string>>} */
const ENDINGS = { stopped: 'stopped', failed: 'failed', gone: 'the server no longer has it' }
