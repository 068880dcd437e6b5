import { isSubjectName, type SubjectName } from '../engines/registry.ts'
import { RETAINED } from '../engines/subject.ts'
import type { PeerName } from '../peers/registry.ts'
import { Pair } from './pair.ts'
import { Site } from './site.ts'

const CLIENTS = 3
const EVENTS = 5

/**
 * Shows that a peer or subject does its job before its speed is of interest: each of three clients gets each of five
 * events, once, one per turn and all in one turn; of an engine another process reads each of five events, once. It also
 * fills the compile cache, so that no measured process strips types.
 *
 * @returns what is wrong, if anything is.
 */
export async function preflight(name: PeerName | SubjectName): Promise<string | undefined> {
  try {
    await (isSubjectName(name) ? tryEngine(name) : tryPeer(name))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function tryPeer(peer: PeerName): Promise<void> {
  await using pair = new Pair(peer)
  await pair.connect({ path: '/events', count: CLIENTS })
  if (peer === 'bare') return
  await pair.publish({ turns: EVENTS, perTurn: 1, bytes: 100 })
  await pair.receiveAll(CLIENTS, EVENTS)
  await pair.publish({ turns: 1, perTurn: EVENTS, bytes: 100 })
  await pair.receiveAll(CLIENTS, 2 * EVENTS)
}

async function tryEngine(subject: SubjectName): Promise<void> {
  await using site = await Site.open(subject)
  const node = await site.node(RETAINED)
  if (site.isOneProcess) return
  await node.call('publish', { count: EVENTS, inFlight: EVENTS })
  const read = await (await site.node(RETAINED)).call('readKept', EVENTS)
  if (read !== EVENTS) throw new Error(`${subject}: of ${EVENTS} events ${read} were read`)
}
