import { byId, element } from './elements.js'

/** How long a trial may take, in milliseconds. */
const TIME_LIMIT = 60_000

/** One button that breaks something, and the panel that says in plain words what came of it. */
export class Trial {
  #button
  #result
  #run

  /**
   * @param {string} id the button's
   * @param {(trial: Trial, signal: AbortSignal) => Promise<void>} run
   */
  constructor(id, run) {
    this.#button = byId(id)
    this.#run = run
    const result = document.querySelector(`output[for="${id}"]`)
    if (!(result instanceof HTMLElement)) throw new Error(`#${id} has no output`)
    this.#result = result
    this.#button.addEventListener('click', () => this.#start())
  }

  /**
   * Says what is going on.
   *
   * @param {string} text
   */
  say(text) {
    this.#result.replaceChildren(element('p', '', text))
  }

  /**
   * Says what is going on, with figures that move.
   *
   * @param {Record<string, string>} figures by what they count
   * @param {string} text
   */
  show(figures, text) {
    this.#result.replaceChildren(figureList(figures), element('p', '', text))
  }

  /**
   * Says what came of it: a few figures, what they prove, and how.
   *
   * @param {{ figures: Record<string, string>, verdict: string, detail: string }} outcome
   */
  conclude({ figures, verdict, detail }) {
    const proof = element('p', 'verdict', element('b', '', verdict))
    this.#result.replaceChildren(figureList(figures), proof, element('p', '', detail))
  }

  async #start() {
    // Not `disabled`: that would take the focus away from who pressed it.
    if (this.#button.getAttribute('aria-disabled') === 'true') return
    this.#button.setAttribute('aria-disabled', 'true')
    // Read out what came of it, not every figure on the way.
    this.#result.setAttribute('aria-busy', 'true')
    try {
      await this.#run(this, AbortSignal.timeout(TIME_LIMIT))
    } catch (error) {
      this.say(`That did not work: ${error instanceof Error ? error.message : error}`)
    } finally {
      this.#button.removeAttribute('aria-disabled')
      this.#result.removeAttribute('aria-busy')
    }
  }
}

/** @param {Record<string, string>} figures */
function figureList(figures) {
  const list = element('dl', 'figures')
  for (const [label, value] of Object.entries(figures)) {
    list.append(element('div', '', element('dt', '', label), element('dd', '', value)))
  }
  return list
}
