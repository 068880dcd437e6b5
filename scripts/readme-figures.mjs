// Puts the figures of the last complete runs into the READMEs, each between its two markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Which figures stand in which document, between the markers of which name. */
const places = [
  { document: 'README.md', name: 'benchmarks', figures: 'benchmarks/results/latest.md' },
  { document: 'README.md', name: 'scale', figures: 'production/results/scale.md' },
  { document: 'production/README.md', name: 'drain', figures: 'production/results/drain.md' },
  { document: 'production/README.md', name: 'soak', figures: 'production/results/soak.md' },
]

/** The documents that show figures, as paths from the root of the repository. */
export const documentsWithFigures = [...new Set(places.map(({ document }) => document))]

/**
 * A document with the latest figures; or that there are none so far.
 *
 * @param {string} document
 * @param {string} text
 */
export function withFigures(document, text) {
  return places
    .filter((place) => place.document === document)
    .reduce((so, { name, figures }) => withSummary(so, name, latest(figures)), text)
}

/** @param {string} figures */
function latest(figures) {
  const file = new URL(`../${figures}`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'There has been no complete run yet.'
}

/**
 * @param {string} text
 * @param {string} name
 * @param {string} summary
 */
function withSummary(text, name, summary) {
  const begin = `<!-- ${name}:begin -->`
  const end = `<!-- ${name}:end -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`there must be ${begin} and, after it, ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${summary}\n\n${text.slice(to)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const document of documentsWithFigures) {
    const file = new URL(`../${document}`, import.meta.url)
    writeFileSync(file, withFigures(document, readFileSync(file, 'utf8')))
  }
}
