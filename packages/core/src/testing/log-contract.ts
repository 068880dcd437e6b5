import { HANDLE_RULES, HISTORY_RULES, INTERRUPTION_RULES, LOSS_RULES, RULES } from './log-rules.ts'
import { type LogHarness, onStage } from './log-stage.ts'

/** One rule of the port. */
export interface LogCase {
  /** The rule, as a sentence about the log. */
  readonly name: string
  /** Resolves if the log keeps it; rejects with what it did instead. Cases may run in any order, also at once. */
  run(): Promise<void>
}

/**
 * The contract of the log port, as cases for any test framework:
 * `for (const { name, run } of logContract({ create: () => memoryLog() })) it(name, run)`
 */
export function logContract(harness: LogHarness): readonly LogCase[] {
  return [
    ...RULES,
    ...(harness.keepsHistory === true ? HISTORY_RULES : []),
    ...(harness.open === undefined ? [] : HANDLE_RULES),
    ...(harness.interrupt === undefined ? [] : INTERRUPTION_RULES),
    ...(harness.lose === undefined ? [] : LOSS_RULES),
  ].map(([name, rule]) => ({ name, run: () => onStage(harness, rule) }))
}
