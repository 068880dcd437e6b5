import { Random } from '@sse/tooling/random'
import type { BuiltCore } from './built-core.ts'
import { History } from './history.ts'
import { drawInterest, type Interest, TOPIC_CHOICES } from './interest.ts'
import { drawPlan, type Plan } from './plan.ts'
import { Publishing } from './publishing.ts'
import { SnapshotDesk } from './snapshot-desk.ts'
import { Tale } from './tale.ts'
import { UnsteadyLog } from './unsteady-log.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What all who take part in a run have in common. */
export interface Scene {
  readonly core: BuiltCore
  readonly seed: number
  readonly plan: Plan
  /** Of those who decide what happens next. */
  readonly random: Random
  readonly clock: VirtualClock
  readonly tale: Tale
  readonly history: History
  readonly log: UnsteadyLog
  readonly desk: SnapshotDesk
  readonly publishing: Publishing
  readonly interests: readonly Interest[]
}

/** Sets the scene of a seed. Whoever decides by chance has numbers of its own. */
export function setScene(core: BuiltCore, seed: number): Scene {
  const plan = drawPlan(new Random(seed, 1))
  const history = new History()
  const log = new UnsteadyLog({ create: () => core.main.memoryLog(), history, random: new Random(seed, 2) })
  log.refusals = plan.refusals
  log.lostAnswers = plan.lostAnswers
  return {
    core,
    seed,
    plan,
    random: new Random(seed),
    clock: new VirtualClock(),
    tale: new Tale(),
    history,
    log,
    desk: new SnapshotDesk(history, new Random(seed, 3)),
    publishing: new Publishing(history, plan, new Random(seed, 4)),
    interests: drawInterests(plan, new Random(seed, 5)),
  }
}

function drawInterests(plan: Plan, random: Random): readonly Interest[] {
  const choices = Array.from({ length: plan.choices }, () => random.pick(TOPIC_CHOICES))
  const drawn: Interest[] = []
  while (drawn.length < plan.interests) {
    drawn.push(drawInterest({ name: `s${drawn.length}`, choices, plan, random, other: drawn.at(-1) }))
  }
  return drawn
}
