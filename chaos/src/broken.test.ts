import { requireProgram } from '@sse/tooling/programs'
import { describe, expect, it } from 'vitest'
import type { BrokenName } from './broken-log.ts'
import type { Rule } from './check.ts'
import type { EngineName, PlanWishes } from './plan.ts'
import { runSeed } from './run.ts'

/** So many seeds may be tried until one notices. */
const TRIES = 4

/** How long each is played, in milliseconds. */
const LENGTH = 2_000

/** What has not come to rest after so many milliseconds does not. */
const PATIENCE = 1_500

interface Expected {
  readonly engine: EngineName
  /** The rules that it may break: one of them is enough. */
  readonly rules: readonly Rule[]
  /** What has to go wrong for it to show; nothing: it shows by itself. */
  readonly wishes: PlanWishes
}

const EXPECTED: Readonly<Record<BrokenName, Expected>> = {
  'rereads from now': {
    engine: 'redis',
    rules: ['missing'],
    wishes: { faults: ['connections cut', 'answers lost', 'clients killed'] },
  },
  'ignores the epoch': { engine: 'nats', rules: ['back', 'twice', 'missing'], wishes: { faults: ['log deleted'] } },
  'repeats appends': {
    engine: 'redis',
    rules: ['stored twice'],
    wishes: { faults: ['engine frozen', 'answers lost'], publishTimeout: 150 },
  },
  'hides gaps': { engine: 'redis', rules: ['missing', 'epoch'], wishes: { faults: ['log flushed', 'node frozen'] } },
  'loses one in 300': { engine: 'nats', rules: ['missing'], wishes: { faults: [] } },
  'doubles one in 300': { engine: 'redis', rules: ['twice'], wishes: { faults: [] } },
  'swaps two in 300': { engine: 'redis', rules: ['back', 'missing'], wishes: { faults: [] } },
  'ignores trimming': { engine: 'redis', rules: ['missing'], wishes: { faults: ['node frozen', 'log trimmed'] } },
  'cries wolf': { engine: 'nats', rules: ['gap without cause'], wishes: { faults: ['connections cut'] } },
  'has an epoch of its own': { engine: 'redis', rules: ['new epoch without cause'], wishes: { faults: [] } },
}

describe('a run with broken nodes', () => {
  for (const [name, { engine, rules, wishes }] of Object.entries(EXPECTED)) {
    it.concurrent(`fails where a node ${name}`, async (context) => {
      requireProgram(`${engine}-server`, context)
      const seen: string[] = []
      for (let seed = 1; seed <= TRIES; seed++) {
        // Its keys are the names.
        const broken = name as BrokenName
        const options = {
          engine,
          broken,
          wishes: { length: LENGTH, ...wishes },
          patience: PATIENCE,
          signal: context.signal,
        } as const
        const { violations } = await runSeed(seed, options)
        if (violations.some(({ rule }) => rules.includes(rule))) return
        seen.push(...violations.map(({ rule }) => rule))
      }
      expect.fail(`nobody noticed in ${TRIES} runs, which saw ${seen.join(', ') || 'nothing'}`)
    })
  }
})
