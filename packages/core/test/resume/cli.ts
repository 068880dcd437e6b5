import { parseArgs } from 'node:util'
import { DIST, loadCore } from './built-core.ts'
import { checkSeed } from './run.ts'
import { Violation } from './violation.ts'

/** What the command prints: a line of JSON. */
export interface Verdict {
  /** The first seed that failed, if one did. */
  readonly seed?: number
  /** The rule that was broken, or that it crashed. */
  readonly rule?: string
  readonly message?: string
}

const { values } = parseArgs({
  options: {
    core: { type: 'string', default: DIST },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '100' },
    all: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
})

const core = await loadCore(values.core)
const first = Number(values.from)
let verdict: Verdict = {}
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  try {
    const report = await checkSeed(core, seed)
    if (values.report) process.stdout.write(`${JSON.stringify({ seed, ...report })}\n`)
  } catch (error) {
    const { cause, message } = error as Error
    verdict = { seed, rule: cause instanceof Violation ? cause.rule : 'crash', message }
    if (!values.all) break
    process.stdout.write(`${JSON.stringify(verdict)}\n`)
  }
}
process.stdout.write(`${JSON.stringify(verdict)}\n`)
