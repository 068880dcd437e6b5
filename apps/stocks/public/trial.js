import { byId } from './elements.js'
import { Outcome } from './outcome.js'

/** How long a trial may take, in milliseconds. */
export const TIME_LIMIT = 60_000

/** One button that breaks something, and the panel that says in plain words what came of it. */
export class Trial {
  #button
  #outcome
  #run

  /**
   * @param {string} id the button's
   * @param {(outcome: Outcome, signal: AbortSignal) => Promise<void>} run
   */
  constructor(id, run) {
    this.#button = byId(id)
    this.#run = run
    this.#outcome = new Outcome(id)
    this.#button.addEventListener('click', () => this.#start())
  }

  async #start() {
    // Not `disabled`: that would take the focus away from who pressed it.
    if (this.#button.getAttribute('aria-disabled') === 'true') return
    this.#button.setAttribute('aria-disabled', 'true')
    this.#outcome.setBusy(true)
    try {
      await this.#run(this.#outcome, AbortSignal.timeout(TIME_LIMIT))
    } catch (error) {
      this.#outcome.say(`That did not work: ${error instanceof Error ? error.message : error}`)
    } finally {
      this.#button.removeAttribute('aria-disabled')
      this.#outcome.setBusy(false)
    }
  }
}
