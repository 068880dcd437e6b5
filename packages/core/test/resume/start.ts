import { idOf, type Place } from './history.ts'
import type { Session } from './session.ts'
import { must } from './violation.ts'

/**
 * Where a client begins that brings no id, or one that tells nothing, must be before what is to be replayed to it, and
 * after everything else.
 *
 * @param isAtOpen it was decided when the hub got the request.
 */
export function mustBeStart(session: Session, to: Place, isAtOpen: boolean): void {
  const { interest, isExact, settled, held, epoch } = session
  // What is read late may have been written in an epoch that is over by now, but was not at the request.
  must(to.epoch.number >= (epoch?.number ?? 0), 'start', () => `it begins at ${idOf(to)}, in an epoch that is over`)
  if (!isAtOpen || to.epoch !== epoch) return
  const { replay } = interest
  const wanted = replay === 'none' ? 0 : replay === 'all' ? held.length : Math.min(replay, held.length)
  const replayed = held.filter(({ place: { position } }) => position > to.position && position <= settled).length
  const isRight = isExact ? replayed === wanted : replayed <= wanted
  must(isRight, 'start', () => `it begins at ${idOf(to)} with ${replayed} of ${held.length} events, not ${wanted}`)
}

/**
 * Where a client began that was not told, given the first event it got, or would get.
 *
 * @returns a place from where everything must have come.
 */
export function untoldStart(session: Session, { epoch, position }: Place): Place {
  const { isExact, wasReady, start, settled, head, interest } = session
  const before = position - 1
  if (!wasReady || epoch !== session.epoch) return { epoch, position: before }
  const isNew = position > (isExact ? start : settled) || (!isExact && interest.replay !== 'none')
  must(isNew, 'start', () => `it begins with ${epoch.name}.${position}, which was there before`)
  return { epoch, position: Math.min(isExact ? start : head, before) }
}
