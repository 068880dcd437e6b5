import type { GapReason } from '../../src/index.ts'
import { type History, idOf, nameOf, type Place } from './history.ts'
import type { Session } from './session.ts'
import type { Showing } from './showing.ts'
import type { Trail } from './trail.ts'
import { must } from './violation.ts'

/** How long a hub waits for the log to reach an id, less one tick of its heartbeat. In milliseconds. */
const AHEAD_WAIT = 4_000

/** The data of a gap. */
export interface Gap {
  readonly reason: GapReason
  readonly from: string | null
  readonly to: string
  readonly snapshot: boolean
}

/** How things stand with a client when a gap comes. */
export interface View {
  readonly session: Session
  /** Something of the session came before. */
  readonly hasBegun: boolean
  readonly showing: Showing | undefined
  readonly trail: Trail
  /** The id the client has. */
  readonly lastId: string | undefined
  /** By the clock of the run. */
  readonly now: number
}

/** Reads the data of a gap. */
export function parseGap(data: string): Gap {
  const { reason, from, to, snapshot } = JSON.parse(data) as Gap
  const isGap =
    ['trimmed', 'epoch', 'unknown-id', 'lag'].includes(reason) &&
    (from === null || typeof from === 'string') &&
    typeof to === 'string' &&
    typeof snapshot === 'boolean'
  must(isGap, 'gap', () => `its data is ${data}`)
  return { reason, from, to, snapshot }
}

/** A gap may be only where it could not be proved that nothing is missing. */
export function mustHaveCause(view: View, gap: Gap, to: Place): void {
  if (gap.reason === 'unknown-id') mustBeUnknown(view, to)
  else if (gap.reason === 'epoch') mustBeOfAnotherEpoch(view, to)
  else if (gap.reason === 'trimmed') mustBeTrimmed(view)
  else mustLag(view)
}

function mustBeUnknown(view: View, to: Place): void {
  const { session, hasBegun, now } = view
  const { claim, sentPlace, at } = session
  const has = causeOf('unknown-id', session)
  has(!hasBegun, 'it has been streaming')
  if (claim === 'malformed' || (claim === 'unknown' && sentPlace === undefined)) return
  has(claim === 'ahead' || claim === 'unknown', 'its id can be placed')
  has(now - at >= AHEAD_WAIT, 'it has not waited for the log')
  has(sentPlace?.epoch !== to.epoch || sentPlace.position > to.position, 'the log has reached its id')
}

function mustBeOfAnotherEpoch(view: View, to: Place): void {
  const { session, hasBegun } = view
  const { claim, hasRestarted } = session
  if (!hasBegun && claim === 'foreign') return
  const place = placeOf(view)
  const isOther = (hasRestarted || claim === 'unknown') && place?.epoch !== to.epoch
  causeOf('epoch', session)(isOther, 'the epoch is the same')
}

function mustBeTrimmed(view: View): void {
  const { session, hasBegun } = view
  const { claim, isExact, hasRestarted } = session
  const has = causeOf('trimmed', session)
  const wasThere = !hasBegun && isExact && claim === 'complete' && !hasRestarted
  has(!wasThere && isLost(view), 'everything is in the ring')
  has(!hasBegun || hasRestarted, 'nothing was lost but by the ring')
}

function mustLag(view: View): void {
  const { session, showing } = view
  const { interest, station } = session
  const has = causeOf('lag', session)
  has(interest.lag !== 'disconnect' || showing !== undefined, 'its policy is to disconnect')
  const isPassed = showing?.to === undefined || station.ring.isIncompleteAfter(showing.to, interest)
  has(showing === undefined ? isLost(view) : isPassed, 'everything is in the ring')
}

/** A gap says where the client was: what it has brought, or a place up to which it has everything. */
export function mustComeFrom(view: View, { reason, from }: Gap, about: { history: History; isTold: boolean }): void {
  const { session, hasBegun, showing, trail, lastId } = view
  const { claim, sentId, sentPlace, hasRestarted } = session
  const isOf = (expected: string | null): void =>
    must(from === expected, 'gap', () => `${reason} from ${from}, not ${expected}; the client brought ${sentId}`)
  const isNowhere = claim === 'unknown' && sentPlace === undefined && reason === 'unknown-id'
  if ((claim === 'malformed' || isNowhere) && !hasBegun) return isOf(null)
  if (!hasBegun && reason !== 'lag' && !hasRestarted) return isOf(sentId ?? null)
  const { place } = trail
  if (from === null) return must(showing !== undefined || place === undefined, 'gap', () => 'it has no `from`')
  if (from === sentId || from === lastId) return
  const at = about.history.placeOf(from)
  // Who was not told where it begins may be told where it was.
  if (at !== undefined && place === undefined && !about.isTold) return
  const isThere = at !== undefined && showing === undefined && trail.hasAllUpTo(at)
  must(isThere, 'gap', () => `${reason} from ${from}, but the client is at ${place && idOf(place)}`)
}

/** A gap leaves out nothing that the ring still holds, unless the policy is to skip. */
export function mustCoverLostOnly({ session, trail }: View, to: Place): void {
  const { interest, station } = session
  const { place } = trail
  if (interest.lag === 'skip' || place === undefined || place.epoch !== to.epoch) return
  for (const entry of to.epoch.between(place.position, to.position)) {
    const isGone = !interest.accepts(entry) || !station.ring.holds(entry)
    must(isGone, 'gap', () => `it covers ${nameOf(entry)}, which the ring holds`)
  }
}

function causeOf(reason: GapReason, { sentId, claim }: Session): (cause: boolean, otherwise: string) => void {
  return (cause, otherwise) =>
    must(cause, 'gap without cause', () => `${reason}, though ${otherwise} (${sentId}: ${claim})`)
}

/** Up to where the client is served: while it is shown a snapshot, that is the snapshot's cursor. */
function placeOf({ showing, trail }: View): Place | undefined {
  return showing?.to ?? trail.place
}

function isLost(view: View): boolean {
  const { interest, station } = view.session
  const place = placeOf(view)
  return place === undefined || station.ring.isIncompleteAfter(place, interest)
}
