import { DISCONNECT_RULES, FAILURE_RULES, SLOW_RULES, UNOPENED_RULES } from './adapter-ending-rules.ts'
import { HUB_RULES, PRINCIPAL_RULES } from './adapter-hub-rules.ts'
import { type AdapterRule, HEAD_RULES, NODE_RULES, OPENING_RULES, OPTION_RULES } from './adapter-opening-rules.ts'
import { OUTER_HEAD_RULES, OUTER_OPTION_RULES, OUTER_RULES, REFUSAL_RULES } from './adapter-outer-rules.ts'
import { REMAINS_RULES } from './adapter-remains-rule.ts'
import { type AdapterHarness, onAdapterStage } from './adapter-stage.ts'

/** One rule of the contract. */
export interface AdapterCase {
  /** The rule, as a sentence about the adapter. */
  readonly name: string
  /** How long it may take on a slow machine, in milliseconds: for the test framework. */
  readonly timeout: number
  /** Resolves if the adapter keeps it; rejects with what it did instead. One after the other: some measure memory. */
  run(): Promise<void>
}

/**
 * The contract of framework adapters, as cases for any test framework:
 * `for (const { name, run, timeout } of adapterContract({ start })) it(name, run, timeout)`
 *
 * It sends requests over real sockets to a server that has mounted an `adapterApp`, in this process or in another.
 */
export function adapterContract(harness: AdapterHarness): readonly AdapterCase[] {
  return rulesFor(harness).map(([name, rule]) => ({
    name,
    timeout: REMAINS_RULES.some(([remains]) => remains === name) ? 120_000 : 30_000,
    run: () => onAdapterStage(harness, rule),
  }))
}

function rulesFor(harness: AdapterHarness): readonly AdapterRule[] {
  const { isNode = true, knowsDisconnectWhenIdle = true, knowsSlowClients = true } = harness
  const { takesOptions = true, answersHead = true, hasOuterMiddleware = true } = harness
  return [
    ...OPENING_RULES,
    ...when(takesOptions, OPTION_RULES),
    ...when(answersHead, HEAD_RULES),
    ...HUB_RULES,
    ...when(takesOptions, PRINCIPAL_RULES),
    ...FAILURE_RULES,
    ...when(knowsDisconnectWhenIdle, DISCONNECT_RULES),
    ...when(knowsDisconnectWhenIdle && takesOptions, UNOPENED_RULES),
    ...when(knowsSlowClients, SLOW_RULES),
    ...when(hasOuterMiddleware, OUTER_RULES),
    ...when(hasOuterMiddleware && takesOptions, OUTER_OPTION_RULES),
    ...when(hasOuterMiddleware && answersHead, OUTER_HEAD_RULES),
    ...REFUSAL_RULES,
    ...when(isNode, [...NODE_RULES, ...REMAINS_RULES]),
  ]
}

function when(applies: boolean, rules: readonly AdapterRule[]): readonly AdapterRule[] {
  return applies ? rules : []
}
