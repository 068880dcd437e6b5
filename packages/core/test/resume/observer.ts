import type { Block } from './frame-reader.ts'
import { type Gap, mustComeFrom, mustCoverLostOnly, mustHaveCause, parseGap, type View } from './gap.ts'
import { type Entry, idOf, nameOf, type Place, serialOf } from './history.ts'
import type { Interest } from './interest.ts'
import type { Scene } from './scene.ts'
import { ASIDE, type Session } from './session.ts'
import { Showing } from './showing.ts'
import { STATE, type State } from './snapshot-desk.ts'
import { mustBeStart, untoldStart } from './start.ts'
import { Trail } from './trail.ts'
import { must, Violation } from './violation.ts'

/**
 * One client across its requests: holds everything it reads against the history of the run, and against what the ring
 * of its hub must have held.
 */
export class Observer {
  readonly interest: Interest
  /** What a browser would bring to its next request. */
  lastId: string | undefined
  readonly #scene: Scene
  readonly #trail: Trail
  #session: Session | undefined
  /** Something of the session came: an id, an event, or a gap. */
  #hasBegun = false
  #showing: Showing | undefined
  #hasEnded = false
  /** How many of the application's own events came. */
  #asides = 0
  #wasPastEnd = false
  /** The newest position that its hub had when it got its last id. */
  #headAtId = 0
  /** It was told to drop what it had and was cut before the snapshot ended: it must be shown it again. */
  #lacksSnapshot = false

  constructor(interest: Interest, scene: Scene) {
    this.interest = interest
    this.#scene = scene
    this.#trail = new Trail(interest)
  }

  /** Its newest request. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Its stream was closed at once, since it had come after the end: it does not need to come again. */
  get wasPastEnd(): boolean {
    return this.#wasPastEnd
  }

  /** A request reached a hub. */
  begin(session: Session): void {
    const { sentId, sentPlace, claim, station } = session
    // Another hub may still hold what this one had lost, and one that was behind may have caught up: they resume.
    const isSameHub = this.#session?.station === station && this.#session.claim !== 'ahead' && claim !== 'ahead'
    this.#lacksSnapshot = isSameHub && this.#showing !== undefined && sentId === this.lastId && claim !== 'none'
    const goesOn = sentPlace !== undefined && sentId === this.lastId && this.#trail.place !== undefined
    if (!goesOn) this.#trail.begin(sentPlace)
    this.#session = session
    this.#hasBegun = false
    this.#hasEnded = false
    this.#wasPastEnd = false
    this.#asides = 0
    this.#showing = undefined
    this.lastId = sentId
    this.#headAtId = session.head
  }

  /** The hub answered. */
  answered(status: number): void {
    const session = this.#current
    session.answered()
    const { claim, isExact, wasOpenBefore } = session
    if (status === 204) must(this.#isPastEnd, 'end', () => `204, though its id is ${claim}`)
    else must(status === 200, 'end', () => `the status is ${status}`)
    const mustEnd = isExact && claim === 'ended' && !wasOpenBefore
    must(!mustEnd || status === 204, 'end', () => 'no 204, though the stream had ended before')
  }

  /** A block came. */
  take(block: Block): void {
    const { id, event } = block
    if (event === undefined && id === undefined) return
    if (event?.name === ASIDE) return this.#takeAside(event.data, id)
    must(!this.#hasEnded, 'end', () => `${JSON.stringify(block)} came after the last event`)
    if (event === undefined) this.#takeId(this.#placeOf(id))
    else if (event.name === 'sse.gap') this.#takeGap(parseGap(event.data), id)
    else if (event.name === STATE) this.#takeState(JSON.parse(event.data), id)
    else this.#takeEvent(event, this.#placeOf(id))
    this.#hasBegun = true
    if (id === undefined) return
    this.lastId = id
    this.#headAtId = this.#current.station.ring.head
  }

  /**
   * The stream was closed by the hub: whether it had cause to, as things are now.
   *
   * @param isStalled the client has taken nothing for long.
   */
  closing(isStalled: boolean): void {
    const { closed, station, interest, earliest } = this.#current
    must(closed !== 'stalled' || isStalled, 'cut', () => 'stalled, though it was reading')
    const isExpected = ['client', 'complete', 'slow', 'stalled', 'revoked', 'drain'].includes(closed ?? '')
    must(isExpected, 'cut', () => `its stream was closed: ${closed}`)
    if (closed === 'complete') this.#wasPastEnd = this.#isPastEnd
    if (closed !== 'slow') return
    const mayBeSlow = interest.lag === 'disconnect' || interest.hasSnapshot
    must(mayBeSlow, 'cut', () => `slow, though its policy is ${interest.lag}`)
    const from = this.#hasBegun ? (this.#showing?.to ?? this.#trail.place) : earliest
    const isPassed = from === undefined || station.ring.isIncompleteAfter(from, interest)
    must(isPassed, 'cut', () => `slow, though the ring has everything after ${from && idOf(from)}`)
  }

  /** The stream ended, and everything of it was read. */
  ended(): void {
    if (this.#current.closed !== 'complete') return
    must(this.#hasEnded || this.#wasPastEnd, 'end', () => 'the stream ended before its last event')
    const { place } = this.#trail
    if (this.#hasEnded && place !== undefined) this.#trail.mustReach(place)
  }

  /** Everything was read: the client must have all that its hub has. */
  mustBeUpToDate(): void {
    const { station, claim } = this.#current
    const { epoch, head } = station.ring
    must(this.#showing === undefined, 'stall', () => 'the snapshot did not end')
    must(this.#hasBegun || claim !== 'trimmed', 'stall', () => 'the gap did not come')
    if (epoch === undefined) return
    this.#beginUntold({ epoch, position: head + 1 })
    this.#trail.mustReach({ epoch, position: head })
  }

  /** The client has read everything: if it is live, so much at most may have come since the last id it was sent. */
  mustBeFresh({ events, bytes }: { readonly events: number; readonly bytes: number }): void {
    const { station, hasRestarted, stream } = this.#current
    // A sink that is full of something else when a checkpoint is due gets the next one.
    if (stream !== undefined) return
    const isLive = this.#hasBegun && this.#showing === undefined && !this.#hasEnded && station.isReady
    if (!isLive || hasRestarted) return
    const after = station.ring.after(this.#headAtId)
    const isFresh = after.events <= events && after.bytes <= bytes
    must(isFresh, 'checkpoint', () => `${after.events} events, ${after.bytes} bytes after its id ${this.lastId}`)
  }

  get #current(): Session {
    if (this.#session === undefined) throw new Error('There was no request.')
    return this.#session
  }

  /** Whether a fresh client is told where it begins; without checkpoints it learns that from its first event. */
  get #isTold(): boolean {
    return this.#scene.plan.hasCheckpoints
  }

  get #view(): View {
    const hasBegun = this.#hasBegun
    const now = this.#scene.clock.now
    return { session: this.#current, hasBegun, showing: this.#showing, trail: this.#trail, lastId: this.lastId, now }
  }

  /** Whether the client brought an id after the last event of its stream, which the ring still holds. */
  get #isPastEnd(): boolean {
    const { sentPlace, station, claim } = this.#current
    const { interest } = this
    if (claim === 'ended') return true
    if (sentPlace === undefined || sentPlace.epoch !== station.ring.epoch) return false
    if (station.ring.hasEndedBy(sentPlace.position, interest)) return true
    // What was decided later was so in the midst of a batch, of which the model has seen the end.
    if (claim !== 'ahead' && claim !== 'unknown') return false
    const before = [...sentPlace.epoch.between(0, sentPlace.position)]
    return before.some((entry) => interest.accepts(entry) && interest.ends(entry))
  }

  /** What the application sends beside the subscription comes in order, and moves no cursor. */
  #takeAside(data: string, id: string | undefined): void {
    const number = Number.parseInt(data, 10)
    must(number === this.#asides && id === undefined, 'data', () => `aside ${number} (${id}) after ${this.#asides}`)
    this.#asides++
  }

  #takeEvent({ name, data }: { readonly name: string; readonly data: string }, place: Place): void {
    const entry = entryAt(place, data)
    must(entry.event === name && entry.text === data, 'data', () => `${nameOf(entry)} reads ${name} ${clip(data)}`)
    must(this.interest.accepts(entry), 'data', () => `${nameOf(entry)} is not for ${this.interest}`)
    must(this.#showing === undefined, 'snapshot', () => `${nameOf(entry)} came before the snapshot ended`)
    this.#mustNotLackGap()
    this.#beginUntold(place)
    this.#trail.take(entry)
    this.#hasEnded = this.interest.ends(entry)
  }

  #takeId(place: Place): void {
    const session = this.#current
    this.#mustBeReached(place)
    if (this.#showing !== undefined) return this.#endSnapshot(this.#showing, place)
    if (!session.isFresh || this.#hasBegun) {
      this.#mustNotLackGap()
      return this.#trail.pass(place)
    }
    must(!this.interest.hasSnapshot, 'snapshot', () => `the id ${idOf(place)} came before the snapshot ended`)
    mustBeStart(session, place, true)
    this.#trail.begin(place)
  }

  #takeState(state: State, id: string | undefined): void {
    must(id === undefined, 'snapshot', () => `an event of it has the id ${id}`)
    if (this.#current.isFresh && !this.#hasBegun) this.#showing = new Showing(undefined)
    must(this.#showing !== undefined, 'snapshot', () => 'one came that was not announced')
    this.#showing.take(state)
  }

  #endSnapshot(showing: Showing, place: Place): void {
    showing.end(place, this.#scene.desk)
    this.#showing = undefined
    this.#lacksSnapshot = false
    this.#trail.begin(place)
  }

  #takeGap(gap: Gap, id: string | undefined): void {
    const { history } = this.#scene
    const view = this.#view
    const { hasSnapshot } = this.interest
    const to = history.placeOf(gap.to)
    must(to !== undefined, 'gap', () => `its \`to\` is nowhere: ${JSON.stringify(gap)}`)
    must(gap.snapshot === hasSnapshot, 'gap', () => `its \`snapshot\` is wrong: ${JSON.stringify(gap)}`)
    must(id === (gap.snapshot ? undefined : gap.to), 'gap', () => `its id is ${id}: ${JSON.stringify(gap)}`)
    mustHaveCause(view, gap, to)
    mustComeFrom(view, gap, { history, isTold: this.#isTold })
    this.#mustBeReached(to)
    if (gap.snapshot) this.#showing = new Showing(to)
    else if (gap.reason === 'trimmed' || gap.reason === 'lag') this.#goOn(view, to)
    else this.#beginAnew(gap, to)
  }

  #goOn(view: View, to: Place): void {
    mustCoverLostOnly(view, to)
    if (this.#trail.place === undefined && !this.#isTold) this.#trail.begin(to)
    else this.#trail.cover(to)
  }

  #beginAnew({ reason }: Gap, to: Place): void {
    const session = this.#current
    const { claim } = session
    const isForeign = reason === 'epoch' && !this.#hasBegun && claim === 'foreign'
    mustBeStart(session, to, isForeign || claim === 'malformed')
    this.#trail.begin(to)
  }

  /** A fresh client that was not told where it begins began where it should, and has nothing yet. */
  #beginUntold(first: Place): void {
    const session = this.#current
    if (this.#isTold || !session.isFresh || this.#trail.place !== undefined) return
    this.#trail.begin(untoldStart(session, first))
  }

  /** What comes first must be the gap, or the snapshot, if one is due. */
  #mustNotLackGap(): void {
    const { claim, isExact, hasRestarted, isFresh, sentId } = this.#current
    if (this.#hasBegun) return
    must(!this.#lacksSnapshot, 'snapshot', () => 'the client was cut within one and did not get it again')
    if (isFresh && this.interest.hasSnapshot) throw new Violation('snapshot', 'a fresh client did not get it')
    const isDue = claim === 'malformed' || claim === 'foreign' || (claim === 'trimmed' && isExact)
    must(!isDue || hasRestarted, 'no gap', () => `the client brought ${sentId}: ${claim}`)
  }

  /** A hub tells nobody of a place that it has not read. */
  #mustBeReached(place: Place): void {
    const { epoch, head } = this.#current.station.ring
    const isReached = place.epoch === epoch ? place.position <= head : place.epoch.number < (epoch?.number ?? 0)
    must(isReached, 'checkpoint', () => `${idOf(place)} is ahead of the log`)
  }

  #placeOf(id: string | undefined): Place {
    must(id !== undefined, 'data', () => 'an event has no id')
    const place = this.#scene.history.placeOf(id)
    must(place !== undefined && place.position <= place.epoch.head, 'data', () => `the id ${id} is nowhere in the log`)
    return place
  }
}

/** The event at a place, which what came says it is. */
function entryAt(place: Place, data: string): Entry {
  const entry = place.epoch.at(place.position)
  must(entry !== undefined, 'data', () => `there is no event at ${idOf(place)}, but ${clip(data)} came`)
  const serial = serialOf(data.startsWith('{') ? JSON.parse(data) : data)
  must(serial === entry.serial, 'data', () => `${nameOf(entry)} reads ${clip(data)}`)
  return entry
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
