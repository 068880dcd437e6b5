// `npm run size`: what each entry of each package weighs, and what it may.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One line of `.size-limit.json`. */
export interface SizeCheck {
  readonly name: string
  /** The built file, from here. */
  readonly path: string
  /** What an application imports of it; `*` is all. */
  readonly import: string
  readonly limit: string
  /** What the application has anyway: the core, its framework, Node's modules. */
  readonly ignore?: readonly string[]
}

/** What an import adds to a bundle, minified by esbuild and compressed by Brotli, in bytes. */
export interface MeasuredSize {
  readonly name: string
  readonly size: number
  /** The most that it may have. */
  readonly sizeLimit: number
  readonly passed: boolean
}

const here = fileURLToPath(new URL('.', import.meta.url))

/** The limits: one for each entry of each package, and for what is imported alone. */
export function sizeChecks(): readonly SizeCheck[] {
  return JSON.parse(readFileSync(join(here, '.size-limit.json'), 'utf8'))
}

/** Bundles what each line of `.size-limit.json` imports. The packages have to be built. */
export function measureSizes(): readonly MeasuredSize[] {
  const bin = createRequire(import.meta.url)
    .resolve('size-limit/package.json')
    .replace('package.json', 'bin.js')
  return JSON.parse(run(bin))
}

/** Its output, also when it ends with 1 because something weighs too much. */
function run(bin: string): string {
  try {
    return execFileSync(process.execPath, [bin, '--json'], { cwd: here, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && String(error.stdout).startsWith('[')) return String(error.stdout)
    throw error
  }
}

function table(sizes: readonly MeasuredSize[]): string {
  const width = Math.max(...sizes.map(({ name }) => name.length))
  const lines = sizes.map(({ name, size, sizeLimit, passed }) =>
    [name.padEnd(width), kilobytes(size), kilobytes(sizeLimit), passed ? '' : 'too much'].join('  ').trimEnd(),
  )
  return [`${'KB, minified and Brotli'.padEnd(width)}    size   limit`, ...lines].join('\n')
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(2).padStart(6)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = measureSizes()
  console.log(table(sizes))
  if (!sizes.every(({ passed }) => passed)) process.exitCode = 1
}
