import type { PeerName } from '../peers/registry.ts'
import { Pair } from './pair.ts'

const CLIENTS = 3
const EVENTS = 5

/**
 * Shows that a peer does its job before its speed is of interest: each of three clients gets each of five events, once,
 * one per turn and all in one turn. It also fills the compile cache, so that no measured process strips types.
 *
 * @returns what is wrong, if anything is.
 */
export async function preflight(peer: PeerName): Promise<string | undefined> {
  try {
    await using pair = new Pair(peer)
    await pair.connect({ path: '/events', count: CLIENTS })
    if (peer === 'bare') return undefined
    await pair.publish({ turns: EVENTS, perTurn: 1, bytes: 100 })
    await pair.receiveAll(CLIENTS, EVENTS)
    await pair.publish({ turns: 1, perTurn: EVENTS, bytes: 100 })
    await pair.receiveAll(CLIENTS, 2 * EVENTS)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
