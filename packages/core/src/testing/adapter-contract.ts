import { type AdapterRule, HEAD_RULES, OPENING_RULES, OPTION_RULES } from './adapter-opening-rules.ts'
import { type AdapterHarness, onAdapterStage } from './adapter-stage.ts'

/** One rule of the contract. */
export interface AdapterCase {
  /** The rule, as a sentence about the adapter. */
  readonly name: string
  /** Resolves if the adapter keeps it; rejects with what it did instead. */
  run(): Promise<void>
}

/**
 * The contract of framework adapters, as cases for any test framework:
 * `for (const { name, run } of adapterContract({ start })) it(name, run)`
 *
 * It sends requests over real sockets to a server that has mounted an `adapterApp`, in this process or in another.
 */
export function adapterContract(harness: AdapterHarness): readonly AdapterCase[] {
  return rulesFor(harness).map(([name, rule]) => ({ name, run: () => onAdapterStage(harness, rule) }))
}

function rulesFor({ takesOptions = true, answersHead = true }: AdapterHarness): readonly AdapterRule[] {
  return [...OPENING_RULES, ...(takesOptions ? OPTION_RULES : []), ...(answersHead ? HEAD_RULES : [])]
}
