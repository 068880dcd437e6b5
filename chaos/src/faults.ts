import { setTimeout as pause } from 'node:timers/promises'
import type { History, Reset } from './history.ts'
import type { LogServer } from './log-server.ts'
import type { Node } from './node.ts'
import { type Fault, isReset, type Plan } from './plan.ts'

/** What a fault can be done to. */
export interface Stage {
  readonly server: LogServer
  readonly nodes: readonly Node[]
  readonly history: History
  readonly plan: Plan
  /** Aborts when nothing is to be done any more. */
  readonly signal: AbortSignal
  now(): number
}

/** Does what a fault says, and resolves when it is over. */
export async function perform(fault: Fault, stage: Stage): Promise<void> {
  if ('node' in fault) return performOnNode(fault, stage)
  if (!isReset(fault, stage.plan)) return performOnEngine(fault, stage)
  const reset: Reset = { at: stage.now(), until: Number.POSITIVE_INFINITY }
  stage.history.resets.push(reset)
  await performOnEngine(fault, stage)
  reset.until = stage.now()
}

async function performOnNode(fault: Fault & { node: number }, { nodes, signal }: Stage): Promise<void> {
  const node = nodes[fault.node]
  if (node === undefined) return
  switch (fault.kind) {
    case 'node killed':
      await node.kill()
      await pause(fault.for, undefined, { signal })
      return node.start()
    case 'node frozen':
      node.freeze()
      await pause(fault.for, undefined, { signal })
      return node.resume()
    case 'connections cut':
      return node.cable.cut()
    case 'answers lost':
      node.cable.losesAnswers = true
      await pause(fault.for, undefined, { signal })
      node.cable.cut()
      node.cable.losesAnswers = false
  }
}

async function performOnEngine(fault: Fault, { server, history, signal, now }: Stage): Promise<void> {
  const { engine } = server
  switch (fault.kind) {
    case 'engine frozen':
      engine.freeze()
      await pause(fault.for, undefined, { signal })
      return engine.resume()
    case 'engine killed':
      await engine.kill()
      await pause(fault.for, undefined, { signal })
      return engine.restart()
    case 'engine restarted':
      return engine.restart()
    case 'clients killed':
      return server.killClients()
    case 'log trimmed': {
      const at = now()
      const upTo = await server.trim(fault.keep)
      history.trims.push({ at, upTo })
      return
    }
    case 'log flushed':
      return server.flush()
    case 'log deleted':
      return server.delete()
    case 'log recreated':
      return server.recreate()
  }
}
