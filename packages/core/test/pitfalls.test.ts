import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * What others get wrong with event streams, by number: encoding (E), HTTP and lifecycle (H), frameworks (F1 is Express,
 * F2 Koa, F3 Hono, F4 and F5 Nest), intermediaries (P), engines (L) and the fast path on Node (S). Each has a test that the broken
 * behaviour would fail, whose title begins with the number.
 */
const PITFALLS = [
  ...numbers('E', 10),
  ...numbers('H', 18),
  ...numbers('F', 5),
  ...numbers('P', 5),
  ...numbers('L', 4),
  ...numbers('S', 11),
]

/** Those that no test can fail on, and why. */
const WITHOUT_TEST: Readonly<Record<string, string>> = {
  P4: 'an option of HAProxy, for the documentation: no header of ours changes what it does',
  S5: 'memory per idle connection: the benchmarks measure it, beside bare node:http',
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

describe('the pitfalls', () => {
  const tested = testedNumbers()

  it('have a test each', () => {
    const missing = PITFALLS.filter((number) => !tested.has(number) && !(number in WITHOUT_TEST))
    expect(missing, 'numbers in no title').toEqual([])
  })

  it('are excused only as long as they have no test', () => {
    expect(Object.keys(WITHOUT_TEST).filter((number) => tested.has(number))).toEqual([])
    expect(Object.keys(WITHOUT_TEST).filter((number) => !PITFALLS.includes(number))).toEqual([])
  })

  it('are the numbers in titles: there are no others', () => {
    expect([...tested].filter((number) => !PITFALLS.includes(number))).toEqual([])
  })
})

describe('the sources', () => {
  it('[H14] compose no signals with `AbortSignal.any`, whose listeners leak on some versions of Node', () => {
    expect(sourcesThatHold(/AbortSignal\s*\.\s*any/)).toEqual([])
  })

  it('[H1] do not take the end of a request for a disconnect', () => {
    expect(sourcesThatHold(/\b(?:req|request|incoming)\s*\.\s*on(?:ce)?\(\s*'(?:close|aborted)'/)).toEqual([])
  })
})

function numbers(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
}

/** The numbers with which the titles of tests begin, but of those that are skipped. */
function testedNumbers(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const file of files('{packages,apps}/**/*.test.ts')) {
    for (const line of readFileSync(`${ROOT}${file}`, 'utf8').split('\n')) {
      if (/\.(?:skip|todo)\b/.test(line)) continue
      for (const [, title = ''] of line.matchAll(/['"`]((?:\[[A-Z]\d+\] ?)+)/g)) {
        for (const [, number = ''] of title.matchAll(/\[([A-Z]\d+)\]/g)) found.add(number)
      }
    }
  }
  return found
}

function sourcesThatHold(pattern: RegExp): string[] {
  const sources = files('packages/*/src/**/*.ts').filter((file) => !file.endsWith('.test.ts'))
  expect(sources.length).toBeGreaterThan(20)
  return sources.filter((file) => pattern.test(readFileSync(`${ROOT}${file}`, 'utf8')))
}

function files(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules', '**/dist'] })
}
