import { setTimeout as sleep } from 'node:timers/promises'
import type { SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { Site } from '../harness/site.ts'
import type { Scale } from '../scale.ts'
import type { Figures, Measurement } from './measurement.ts'

const subjects = ['sse-redis', 'sse-nats'] as const satisfies readonly SubjectName[]

/** What nodes cost their engine while nothing happens: each follows, and has published. */
export const idleNodes: Measurement = {
  name: 'idle-nodes',
  title: ({ idleNodes: { nodes, ms } }) =>
    `${nodes} nodes on which nothing happens for ${ms / 1_000} s: what each costs the engine`,
  rounds: ({ rounds, idleNodes }) => Math.min(rounds, idleNodes.rounds),
  metrics: [
    { key: 'memory', label: 'memory of the engine for each, KB', digits: 1, isInSummary: true },
    { key: 'connections', label: 'connections', digits: 1 },
    { key: 'requests', label: 'requests of each per second', digits: 2, isInSummary: true },
    { key: 'engineCpu', label: 'CPU of the engine per second, µs', digits: 0 },
  ],
  contestants: subjects.map((subject) => ({ name: subject, subject, measure })),
  bars: [],
}

async function measure(site: Site, { idleNodes: { nodes, ms } }: Scale): Promise<Figures> {
  const node = await site.node(RETAINED)
  // The first one begins the log.
  await node.call('startNodes', 1)
  const before = await site.engineState()
  await node.call('startNodes', nodes)
  // What they do at intervals began with the last event: what is measured begins and ends halfway between.
  await sleep(ms / 2)
  const [begin, beginCpu] = [await site.engineState(), site.engineCpu()]
  await sleep(ms)
  const [end, endCpu] = [await site.engineState(), site.engineCpu()]
  const seconds = ((nodes + 1) * ms) / 1_000
  return {
    memory: (end.memory - before.memory) / nodes / 1_000,
    connections: (end.connections - before.connections) / nodes,
    requests: (end.requests - begin.requests) / seconds,
    engineCpu: (endCpu - beginCpu) / seconds,
  }
}
