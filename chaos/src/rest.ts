import { setTimeout as pause } from 'node:timers/promises'
import { isChosen, placeOf, type Trail } from './history.ts'
import type { LogServer } from './log-server.ts'
import { TOPICS } from './plan.ts'
import type { Scene } from './scene.ts'

/** How long after a rejection it is tried again, in milliseconds. */
const RETRY = 50

/** How often a condition is looked at, in milliseconds. */
const PACE = 15

/**
 * No more faults: everybody must get everything, wherever they are. Nothing is waited for longer than `patience`, in
 * milliseconds: the check says what is missing.
 */
export async function comeToRest(scene: Scene, server: LogServer, patience: number): Promise<void> {
  const { tale, history, nodes, clients } = scene
  const until = (condition: () => boolean | Promise<boolean>): Promise<void> => waitUntil(condition, scene, patience)
  tale.tell('all is quiet')
  const first = await publishFinals(scene, patience)
  await until(() => haveReached(scene, first))
  tale.tell('everybody goes elsewhere')
  for (const [index, client] of clients.entries()) {
    client.hop({ node: (index + 1) % nodes.length, bytes: 0, away: 0 })
  }
  const finals = await publishFinals(scene, patience)
  await until(() => haveReached(scene, finals))
  // Who came late to the first of them may have been told of a gap: nobody has to be told of one now.
  history.finals.push(...finals)
  await until(() => history.publishes.every(({ id, error }) => (id ?? error) !== undefined))
  await until(async () => {
    for (const node of nodes) history.heads.set(node.name, await node.head())
    return new Set(history.heads.values()).size === 1
  })
  const epoch = [...history.heads.values()][0]?.split('.')[0]
  if (epoch !== undefined) history.log = await server.read(epoch)
}

/** Publishes until something was accepted on each topic and each node, and answers what. */
async function publishFinals(scene: Scene, patience: number): Promise<number[]> {
  const { nodes, history, violations, signal } = scene
  const finals: number[] = []
  let wanted = TOPICS.map((topic, index) => ({ topic, node: index % nodes.length }))
  const deadline = scene.now() + patience
  while (wanted.length > 0 && scene.now() < deadline) {
    const asked = wanted.map((want) => ({
      want,
      serial: scene.publish(want.node, [{ topic: want.topic, size: 0 }])[0],
    }))
    const publishOf = (serial: number | undefined) => history.publishes[serial ?? -1]
    await waitUntil(() => asked.every(({ serial }) => isSettled(publishOf(serial))), scene, patience)
    const accepted = asked.filter(({ serial }) => publishOf(serial)?.id !== undefined)
    finals.push(...accepted.flatMap(({ serial }) => serial ?? []))
    wanted = wanted.filter((want) => !accepted.some((done) => done.want === want))
    if (wanted.length > 0) await pause(RETRY, undefined, { signal })
  }
  for (const { topic, node } of wanted) {
    violations.push({ rule: 'stall', message: `node ${node} cannot publish to ${topic}, though all is quiet` })
  }
  return finals
}

function isSettled(publish: { readonly id?: string; readonly error?: string } | undefined): boolean {
  return (publish?.id ?? publish?.error) !== undefined
}

/** Whether all clients have passed these events, as far as they chose them. */
function haveReached({ clients, history }: Scene, serials: readonly number[]): boolean {
  const publishes = serials.flatMap((serial) => history.publishes[serial] ?? [])
  return clients.every(({ trail }) => {
    const at = lastPlaceOf(trail)
    return publishes.every(({ topic, id = '' }) => {
      const place = placeOf(id)
      const isThere = at !== undefined && at.epoch === place?.epoch && at.position >= place.position
      return isThere || !isChosen(topic, trail.topics)
    })
  })
}

function lastPlaceOf({ seen }: Trail): ReturnType<typeof placeOf> {
  const last = seen.findLast((sight) => sight.kind !== 'request')
  return last === undefined ? undefined : placeOf(last.kind === 'gap' ? last.to : last.id)
}

async function waitUntil(condition: () => boolean | Promise<boolean>, scene: Scene, patience: number): Promise<void> {
  const deadline = scene.now() + patience
  while (!(await condition()) && scene.now() < deadline) await pause(PACE, undefined, { signal: scene.signal })
}
