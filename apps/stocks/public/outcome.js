import { element } from './elements.js'

/** A panel that says in plain words what is going on, and what came of it. */
export class Outcome {
  #panel

  /** @param {string} id of the button, or whatever else the panel's `<output>` is for */
  constructor(id) {
    const panel = document.querySelector(`output[for="${id}"]`)
    if (!(panel instanceof HTMLElement)) throw new Error(`#${id} has no output`)
    this.#panel = panel
  }

  /**
   * Says what is going on.
   *
   * @param {string} text
   */
  say(text) {
    this.#panel.replaceChildren(element('p', '', text))
  }

  /**
   * Says what is going on, with figures that move.
   *
   * @param {Record<string, string>} figures by what they count
   * @param {string} text
   */
  show(figures, text) {
    this.#panel.replaceChildren(figureList(figures), element('p', '', text))
  }

  /**
   * Says what came of it: a few figures, what they prove, and how.
   *
   * @param {{ figures: Record<string, string>, verdict: string, detail: string }} outcome
   */
  conclude({ figures, verdict, detail }) {
    const proof = element('p', 'verdict', element('b', '', verdict))
    this.#panel.replaceChildren(figureList(figures), proof, element('p', '', detail))
  }

  /**
   * Whether it is going on: what came of it is to be read out, not every figure on the way.
   *
   * @param {boolean} isBusy
   */
  setBusy(isBusy) {
    this.#panel.setAttribute('aria-busy', String(isBusy))
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
