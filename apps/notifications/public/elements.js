/**
 * The element of the page that has this id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no #${id}`)
  return found
}

/**
 * Makes an element: its class, and what it holds.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** Whether the visitor asked for less movement; asked anew each time, since it may change. */
export function prefersStillness() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

/**
 * A drawing of `icons.svg`, in the colour of the text around it.
 *
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `/icons.svg#${name}`)
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(use)
  return svg
}

/**
 * The portrait of a user. It says nothing that the name beside it does not.
 *
 * @param {string} user
 * @param {string} [className]
 */
export function bird(user, className = '') {
  const image = element('img', className)
  image.src = `/birds/${user}.svg`
  image.alt = ''
  return image
}
