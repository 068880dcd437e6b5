import type { BrokenName } from './broken-log.ts'
import { check, type Violation } from './check.ts'
import type { History } from './history.ts'
import { drawPlan, type EngineName, type Fault, type Plan, type PlanWishes } from './plan.ts'
import { comeToRest } from './rest.ts'
import { Scene } from './scene.ts'

/** How long it may take until all is quiet and everybody has everything, in milliseconds, unless told otherwise. */
const PATIENCE = 10_000

/** The most that a run may take, in milliseconds. */
const LIMIT = 55_000

/** How to run a seed. */
export interface RunOptions {
  readonly engine: EngineName
  /** How all nodes are broken. */
  readonly broken?: BrokenName | undefined
  /** What it is to have that its seed may not give it. */
  readonly wishes?: PlanWishes | undefined
  /** How long all may take to come to rest, in milliseconds: what has not come then is a violation. */
  readonly patience?: number | undefined
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined
}

/** A run that has ended. */
export interface Run {
  readonly plan: Plan
  readonly history: History
  readonly violations: readonly Violation[]
  /** How many publishes were answered with an id of the epoch before, soon after it was over. */
  readonly late: number
  /** What was done to it, in order. */
  readonly faults: readonly Fault[]
  /** What happened, line by line. */
  readonly tale: readonly string[]
}

/**
 * Runs a seed: starts an engine, nodes and clients, does to them what the plan says, lets all come to rest, and holds what
 * was seen against what was accepted. Whatever it started has ended when it resolves.
 */
export async function runSeed(seed: number, options: RunOptions): Promise<Run> {
  const { engine, broken, wishes, patience = PATIENCE, signal } = options
  const plan = drawPlan(seed, engine, wishes)
  await using scene = new Scene(plan, broken)
  try {
    await unlessAborted(play(scene, patience), [AbortSignal.timeout(LIMIT), ...(signal === undefined ? [] : [signal])])
  } catch (error) {
    signal?.throwIfAborted()
    throw scene.explain(error)
  }
  const { history, faults, tale } = scene
  const { violations: found, late } = check(history)
  const violations = [...scene.violations, ...found]
  return { plan, history, violations, late, faults, tale: [...tale.lines, ...tale.seen(history, violations)] }
}

async function play(scene: Scene, patience: number): Promise<void> {
  await comeToRest(scene, await scene.play(), patience)
}

/** Rejects as soon as one of the signals aborts. */
async function unlessAborted(work: Promise<void>, signals: AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any(signals)
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  // What goes on after that fails as it may.
  work.catch(() => {})
  await Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}
