import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { documentsWithFigures, withFigures } from '../scripts/readme-figures.mjs'
import { anchors, links } from './markdown.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = globSync('**/*.md', { cwd: root, exclude: isForeign }).sort()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** What is installed, built or put down by tools is none of ours. */
function isForeign(path: string): boolean {
  return ['node_modules', 'dist', 'coverage', 'results'].includes(basename(path)) || basename(path).startsWith('.')
}

describe('the links of our documents', () => {
  it('are looked for', () => {
    expect(documents).toContain('README.md')
    expect(documents.flatMap((document) => links(read(document)))).not.toHaveLength(0)
  })

  it.each(documents)('%s leads to files and headings that exist', (document) => {
    const dead = links(read(document)).filter(({ target }) => !leads(document, target))
    expect(dead.map(({ target, line }) => `${document}:${line} leads to ${target}`)).toEqual([])
  })
})

/** Whether a link leads somewhere; what is on the Web is not looked at. */
function leads(from: string, target: string): boolean {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return true
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : join(dirname(from), decodeURI(path))
  if (!existsSync(join(root, file))) return false
  return anchor === undefined || !file.endsWith('.md') || anchors(read(file)).has(anchor)
}

const explanations = documents.filter((path) => path === 'ARCHITECTURE.md' || path.startsWith('decisions/'))

describe.each(explanations)('%s', (document) => {
  const text = read(document)
  const source = 'packages/core/src'

  it('names files that exist', () => {
    const named = text.match(/(?<![\w./-])[\w-][\w./-]*\.(?:ts|mjs|jsonc?|md)\b/g) ?? []
    expect([...new Set(named)].filter((path) => fileOf(path) === undefined)).toEqual([])
  })

  it('names functions that are in the file beside them', () => {
    const missing = text.split('\n').flatMap((line, index) => {
      const [path] = /[\w-]+\/[\w./-]*\.ts\b/.exec(line) ?? []
      const file = path === undefined ? undefined : fileOf(path)
      if (file === undefined) return []
      const names = Array.from(line.matchAll(/(#?\w+)\(\)/g), ([, name = '']) => name)
      const code = read(file)
      return names
        .filter((name) => !has(code, name))
        .map((name) => `${document}:${index + 1}: ${name}() is not in ${file}`)
    })
    expect(missing).toEqual([])
  })

  it('names members that their classes have', () => {
    const files = globSync('packages/*/src/**/*.ts', { cwd: root }).map(read)
    const named = [...text.matchAll(/\b([A-Z]\w+)\.(#?\w+)/g)].filter(([name]) => !name.endsWith('.md'))
    const missing = named.filter(
      ([, owner = '', member = '']) =>
        !files.some((code) => new RegExp(`\\b(?:class|interface) ${owner}\\b`).test(code) && has(code, member)),
    )
    expect(missing.map(([name]) => name)).toEqual([])
  })

  function has(code: string, name: string): boolean {
    return new RegExp(`(?<![#\\w])${name}\\b`).test(code)
  }

  /** A path from the root, or, as everything is about the core, from its source. */
  function fileOf(path: string): string | undefined {
    return [path, join(source, path), join(dirname(document), path)].find((candidate) =>
      existsSync(join(root, candidate)),
    )
  }
})

describe('README.md', () => {
  it.each(documentsWithFigures)('shows the last complete runs in %s: `node scripts/readme-figures.mjs`', (document) => {
    expect(read(document)).toBe(withFigures(document, read(document)))
  })
})
