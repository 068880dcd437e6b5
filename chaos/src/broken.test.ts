import { requireProgram } from '@sse/tooling/programs'
import { describe, expect, it } from 'vitest'
import type { BrokenName } from './broken-log.ts'
import type { Rule } from './check.ts'
import type { PlanWishes } from './plan.ts'
import { runSeed } from './run.ts'

/** So many seeds may be tried until one notices. */
const TRIES = 4

/** What has not come to rest after so many milliseconds does not. */
const PATIENCE = 1_500

interface Expected {
  /** The rules that it may break: one of them is enough. */
  readonly rules: readonly Rule[]
  /** What has to go wrong for it to show; nothing: it shows by itself. */
  readonly wishes: PlanWishes
}

const EXPECTED: Readonly<Record<BrokenName, Expected>> = {
  'rereads from now': { rules: ['missing'], wishes: { faults: ['connections cut', 'answers lost', 'clients killed'] } },
  'ignores the epoch': { rules: ['back', 'twice', 'missing'], wishes: { faults: ['log flushed'] } },
  'repeats appends': {
    rules: ['stored twice'],
    wishes: { faults: ['engine frozen', 'answers lost'], publishTimeout: 150 },
  },
  'hides gaps': { rules: ['missing', 'epoch'], wishes: { faults: ['log flushed', 'node frozen'] } },
  'loses one in 300': { rules: ['missing'], wishes: { faults: [] } },
  'doubles one in 300': { rules: ['twice'], wishes: { faults: [] } },
  'swaps two in 300': { rules: ['back', 'missing'], wishes: { faults: [] } },
  'ignores trimming': { rules: ['missing'], wishes: { faults: ['node frozen', 'log trimmed'] } },
  'claims to start complete': { rules: ['missing'], wishes: { faults: ['node killed'], ring: 16 } },
  'cries wolf': { rules: ['gap without cause'], wishes: { faults: ['connections cut'] } },
  'has an epoch of its own': { rules: ['new epoch without cause'], wishes: { faults: [] } },
}

describe('a run with broken nodes', () => {
  for (const [name, { rules, wishes }] of Object.entries(EXPECTED)) {
    it.concurrent(`fails where a node ${name}`, async (context) => {
      requireProgram('redis-server', context)
      const seen: string[] = []
      for (let seed = 1; seed <= TRIES; seed++) {
        // Its keys are the names.
        const broken = name as BrokenName
        const options = { engine: 'redis', broken, wishes, patience: PATIENCE, signal: context.signal } as const
        const { violations } = await runSeed(seed, options)
        if (violations.some(({ rule }) => rules.includes(rule))) return
        seen.push(...violations.map(({ rule }) => rule))
      }
      expect.fail(`nobody noticed in ${TRIES} runs, which saw ${seen.join(', ') || 'nothing'}`)
    })
  }
})
