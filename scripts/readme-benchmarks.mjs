// Puts the figures of the last complete run of the benchmarks into README.md, between its two markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const begin = '<!-- benchmarks:begin -->'
const end = '<!-- benchmarks:end -->'

const readme = new URL('../README.md', import.meta.url)
const figures = new URL('../benchmarks/results/latest.md', import.meta.url)

/** What stands between the markers: the summary of the last complete run, or that there was none. */
export function latestBenchmarks() {
  return existsSync(figures) ? readFileSync(figures, 'utf8').trim() : 'There has been no complete run yet.'
}

/**
 * A README with other figures.
 *
 * @param {string} text
 * @param {string} summary
 */
export function withBenchmarks(text, summary) {
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`README.md must have ${begin} and, after it, ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${summary}\n\n${text.slice(to)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(readme, withBenchmarks(readFileSync(readme, 'utf8'), latestBenchmarks()))
}
