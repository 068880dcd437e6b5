import { element } from './elements.js'

/**
 * Shows text that grows: a small part of Markdown, made of elements and text, so that nothing in it can be markup. What
 * has not changed stays in place, and with it what the visitor has selected.
 *
 * @param {HTMLElement} into
 * @param {string} text
 */
export function renderMarkdown(into, text) {
  const sources = blocksOf(text)
  sources.forEach((source, i) => {
    const shown = into.children[i]
    if (shown instanceof HTMLElement && shown.dataset.source === source) return
    const made = blockElement(source)
    made.dataset.source = source
    if (shown === undefined) into.append(made)
    else shown.replaceWith(made)
  })
}

/**
 * Paragraphs, lists and so on: what empty lines part, except in code.
 *
 * @param {string} text
 */
function blocksOf(text) {
  return (
    text
      .match(/```[\s\S]*?(?:```|$)|(?:(?!\n\n|```)[\s\S])+/g)
      ?.map((block) => block.trim())
      .filter((block) => block !== '') ?? []
  )
}

/**
 * @param {string} source
 * @returns {HTMLElement}
 */
function blockElement(source) {
  if (source.startsWith('```')) return element('pre', '', element('code', '', codeOf(source)))
  if (source.startsWith('## ')) return element('h3', '', ...inline(source.slice(3)))
  const lines = source.split('\n')
  if (lines.every((line) => /^- ?/.test(line))) return element('ul', '', ...itemsOf(lines, /^- ?/))
  if (lines.every((line) => /^\d+\.( |$)/.test(line))) return element('ol', '', ...itemsOf(lines, /^\d+\. ?/))
  return element(
    'p',
    '',
    ...lines.flatMap((line, i) => (i === 0 ? inline(line) : [element('br', ''), ...inline(line)])),
  )
}

/** @param {string} source */
function codeOf(source) {
  return source.replace(/^```\w*\n?/, '').replace(/\n?`{1,3}$/, '')
}

/**
 * @param {string[]} lines
 * @param {RegExp} marker
 */
function itemsOf(lines, marker) {
  return lines.map((line) => element('li', '', ...inline(line.replace(marker, ''))))
}

/**
 * Strong, emphasis and code. What has not been closed yet is taken to be open to the end: it is about to be closed. A mark at
 * the very end opens something that has not come yet.
 *
 * @param {string} line
 * @returns {(Node | string)[]}
 */
function inline(line) {
  return [
    ...line.matchAll(
      /\*\*(?<strong>.+?)(?:\*{1,2}|$)|\*(?<em>[^*]+?)(?:\*|$)|`(?<code>[^`]+?)(?:`|$)|[^*`]+|[*`]+(?![*`]|$)/g,
    ),
  ].map(({ 0: text, groups }) => {
    if (groups?.strong !== undefined) return element('strong', '', groups.strong)
    if (groups?.em !== undefined) return element('em', '', groups.em)
    if (groups?.code !== undefined) return element('code', '', groups.code)
    return text
  })
}
