import { type History, isChosen, type Place, type Publish, placeOf, type Sight, type Trail } from './history.ts'

/** What a run can hold against the library. */
export type Rule =
  | 'missing' // an accepted event is missing between two things that a client saw, and no gap says so
  | 'twice' // a client got an event a second time
  | 'back' // an id went back within an epoch, or to an epoch that the client had left
  | 'epoch' // the epoch changed and no gap says so
  | 'gap without cause' // completeness could be proved
  | 'new epoch without cause' // the log began anew, and nothing had happened to it
  | 'start' // a client was not told where it begins
  | 'data' // not what was published, or not for this client
  | 'stored twice' // an event has two places in the log, or a place has two events; unless a reset came between
  | 'wrong id' // a publish was answered with the id of something else
  | 'publish order' // what one process published stands in another order than it was called
  | 'log' // an accepted event is not in the engine
  | 'stall' // all is quiet, and something has not come or has not been answered
  | 'disagree' // all is quiet, and nodes are at different places
  | 'crash' // a process ended by itself, or reported what must not happen

/** A rule was broken. */
export interface Violation {
  readonly rule: Rule
  readonly message: string
}

/** So many are told of each client, and of the log: the first is what matters. */
const TOLD_PER_TRAIL = 3
const TOLD_OF_LOG = 12

/** What came of checking a run. */
export interface Findings {
  readonly violations: readonly Violation[]
  /** How many publishes were answered with an id of the epoch before, in the time in which that is borne with. */
  readonly late: number
}

/** Holds all that was seen in a run against what was accepted. */
export function check(history: History): Findings {
  const truth = new Truth(history)
  const violations = [
    ...truth.violations.slice(0, TOLD_OF_LOG),
    ...history.trails.flatMap((trail) => new Reading(trail, truth).violations.slice(0, TOLD_PER_TRAIL)),
    ...newEpochs(truth),
    ...publishOrder(history),
    ...missingFromLog(history),
    ...unanswered(history),
    ...disagreement(history),
  ]
  return { violations, late: truth.late.length }
}

interface Entry {
  readonly position: number
  readonly serial: number
  readonly publish: Publish | undefined
}

/** What is known of the log: from what was accepted, from what anybody saw of it, and from what stands there at the end. */
class Truth {
  readonly history: History
  readonly violations: Violation[] = []
  /** Answers of the epoch before, in the time that these are given. */
  readonly late: string[] = []
  /** When an id of an epoch was seen first, by the epoch. */
  readonly firstSeen: ReadonlyMap<string, number>
  readonly #epochs = new Map<string, Map<number, Entry>>()
  readonly #sorted = new Map<string, readonly Entry[]>()
  readonly #places = new Map<number, Place[]>()

  constructor(history: History) {
    this.history = history
    this.firstSeen = firstSeen(history)
    for (const { seen } of history.trails) {
      for (const sight of seen) if (sight.kind === 'event') this.#add(sight.serial, sight.id)
    }
    const { epoch, records } = history.log ?? { epoch: '', records: [] }
    for (const { serial, position } of records) this.#add(serial, `${epoch}.${position}`)
    for (const publish of history.publishes) this.#believe(publish)
    for (const [epoch, entries] of this.#epochs) {
      this.#sorted.set(
        epoch,
        [...entries.values()].sort((a, b) => a.position - b.position),
      )
    }
  }

  /** What stands after a place, up to a position. */
  between({ epoch, position }: Place, upTo: number): Entry[] {
    return (this.#sorted.get(epoch) ?? []).filter((entry) => entry.position > position && entry.position <= upTo)
  }

  /** The newest position of an epoch that may have been trimmed by then. */
  trimmedIn(epoch: string, by: number): number {
    const { trims, resets } = this.history
    const seenAt = this.firstSeen.get(epoch) ?? 0
    // What a node has not read when the log is lost is lost, too: it may say so before it knows of the next epoch.
    if (resets.some(({ at }) => at >= seenAt && at <= by)) return Number.POSITIVE_INFINITY
    // What was trimmed before a reset was not of an epoch that nobody had seen before that.
    const began = Math.max(0, ...resets.map(({ at }) => at).filter((at) => at < seenAt))
    return Math.max(0, ...trims.filter(({ at }) => at <= by && at >= began).map(({ upTo }) => upTo))
  }

  /** How many events can have been in the log after a place by then: those whose fate is unknown count. */
  mostAfter({ epoch, position }: Place, at: number): number {
    let count = 0
    for (const { serial, at: askedAt } of this.history.publishes) {
      if (askedAt > at) continue
      const places = this.#places.get(serial)
      if (places?.every((place) => place.epoch !== epoch || place.position <= position) !== true) count++
    }
    return count
  }

  /** What a publish was answered counts, unless somebody has seen that it is not so. */
  #believe({ serial, id, settledAt = 0 }: Publish): void {
    const place = placeOf(id ?? '')
    if (id === undefined || place === undefined) return
    const places = this.#places.get(serial) ?? []
    if (places.some((known) => isSame(known, place))) return
    const inPlace = this.#epochs.get(place.epoch)?.get(place.position)
    const isLate = mayBeLate(settledAt, this.history)
    // Nobody has seen it anywhere: soon after a reset that says nothing.
    if (inPlace === undefined && places.length === 0) return isLate ? undefined : this.#add(serial, id)
    if (inPlace === undefined && this.#wasOnItsWay(serial) && places.every(({ epoch }) => epoch !== place.epoch)) return
    if (isLate) this.late.push(id)
    else this.#fail('wrong id', `#${serial} was answered with ${id}; it is at ${places.map(textOf).join(', ')}`)
  }

  #add(serial: number, id: string): void {
    const place = placeOf(id)
    if (place === undefined) return this.#fail('data', `#${serial} has the id ${id}`)
    const { epoch, position } = place
    const places = this.#places.get(serial) ?? []
    this.#places.set(serial, places)
    if (places.some((known) => isSame(known, place))) return
    for (const known of places) {
      if (known.epoch === epoch || !this.#wasOnItsWay(serial)) {
        this.#fail('stored twice', `#${serial} is at ${textOf(known)} and at ${textOf(place)}`)
      }
    }
    places.push(place)
    const entries = this.#epochs.get(epoch) ?? new Map<number, Entry>()
    this.#epochs.set(epoch, entries)
    const entry = entries.get(position)
    if (entry !== undefined && entry.serial !== serial) {
      this.#fail('stored twice', `${textOf(place)} is #${entry.serial} and #${serial}`)
    }
    entries.set(position, { position, serial, publish: this.history.publishes[serial] })
  }

  /** Whether its answer was waited for when the log was reset: what forgets the log forgets who has written to it. */
  #wasOnItsWay(serial: number): boolean {
    const { at = 0, settledAt = Number.POSITIVE_INFINITY } = this.history.publishes[serial] ?? {}
    return this.history.resets.some((reset) => at <= reset.until && settledAt >= reset.at)
  }

  #fail(rule: Rule, message: string): void {
    this.violations.push({ rule, message })
  }
}

/** A client's trail, read from its beginning: between two gaps nothing may be missing. */
class Reading {
  readonly violations: Violation[] = []
  readonly #trail: Trail
  readonly #truth: Truth
  /** Up to where it has everything. */
  #at: Place | undefined
  /** Since the last gap: from where, and what came. */
  #from: Place | undefined
  #got = new Set<number>()
  readonly #serials = new Set<string>()
  readonly #left = new Set<string>()

  constructor(trail: Trail, truth: Truth) {
    this.#trail = trail
    this.#truth = truth
    for (const sight of trail.seen) this.#take(sight)
    this.#endStretch()
    for (const serial of truth.history.finals) this.#mustHave(serial)
  }

  #take(sight: Sight): void {
    if (sight.kind === 'request') return
    const place = placeOf(sight.kind === 'gap' ? sight.to : sight.id)
    if (place === undefined) return this.#fail('data', `${JSON.stringify(sight)} has no id of the log`)
    if (sight.kind === 'event') this.#takeEvent(sight, place)
    else if (sight.kind === 'id') this.#goTo(place, sight.id)
    else this.#takeGap(sight, place)
  }

  #takeEvent({ id, serial, topic, size }: Sight & { kind: 'event' }, place: Place): void {
    const publish = this.#truth.history.publishes[serial]
    const isIntact = publish?.topic === topic && publish.size === size
    if (!isIntact) this.#fail('data', `#${serial} to ${topic}, ${size} long, is not what was published`)
    if (!isChosen(topic, this.#trail.topics)) this.#fail('data', `#${serial} to ${topic} is not for this client`)
    if (this.#at === undefined) this.#fail('start', `#${serial} at ${id} came before any place`)
    const name = `${place.epoch}#${serial}`
    const isAgain = this.#serials.has(name)
    if (isAgain) this.#fail('twice', `#${serial} at ${id} came before; the client is at ${textOf(this.#at)}`)
    else if (this.#at?.epoch === place.epoch && place.position === this.#at.position) {
      this.#fail('back', `#${serial} at ${id} came after its own place`)
    }
    this.#serials.add(name)
    this.#goTo(place, id)
    this.#got.add(place.position)
  }

  /** It was told that it has everything up to there. */
  #goTo(place: Place, id: string): void {
    if (this.#at === undefined) return this.#begin(place)
    if (place.epoch !== this.#at.epoch) {
      this.#fail('epoch', `${id} came after ${textOf(this.#at)} without a gap`)
      this.#begin(place)
    } else if (place.position < this.#at.position) this.#fail('back', `${id} came after ${textOf(this.#at)}`)
    else this.#at = place
  }

  #takeGap(gap: Sight & { kind: 'gap' }, to: Place): void {
    const at = this.#at
    if (at !== undefined) {
      this.#mustHaveCause(gap, at, to)
      const isBack = to.epoch === at.epoch ? to.position < at.position : this.#left.has(to.epoch)
      if (isBack) this.#fail('back', `a gap (${gap.reason}) went back from ${textOf(at)} to ${gap.to}`)
    }
    this.#begin(to)
  }

  #mustHaveCause({ reason, from, to: toId, at: time }: Sight & { kind: 'gap' }, at: Place, to: Place): void {
    const told = `${reason} from ${from} to ${toId}, the client being at ${textOf(at)}`
    const isNew = to.epoch !== at.epoch
    if (reason === 'epoch' && !isNew) this.#fail('gap without cause', `${told}: the epoch is the same`)
    if (reason === 'unknown-id') this.#fail('gap without cause', `${told}: it is an id of this log`)
    if (isNew || reason === 'epoch' || reason === 'unknown-id') return
    const start = placeOf(from ?? '') ?? at
    const { ring } = this.#truth.history
    const isTrimmed = this.#truth.trimmedIn(start.epoch, time) > start.position
    const most = this.#truth.mostAfter(start, time)
    if (!isTrimmed && most <= ring) {
      this.#fail('gap without cause', `${told}: ${most} events at most came after, and the ring holds ${ring}`)
    }
  }

  #begin(place: Place): void {
    this.#endStretch()
    if (this.#at !== undefined && this.#at.epoch !== place.epoch) this.#left.add(this.#at.epoch)
    this.#at = place
    this.#from = place
    this.#got = new Set()
  }

  #endStretch(): void {
    const from = this.#from
    const at = this.#at
    if (from === undefined || at === undefined) return
    for (const { position, serial, publish } of this.#truth.between(from, at.position)) {
      if (publish === undefined || this.#got.has(position) || !isChosen(publish.topic, this.#trail.topics)) continue
      const where = `between ${textOf(from)} and ${textOf(at)}`
      this.#fail('missing', `#${serial} (${publish.topic}) at ${from.epoch}.${position} is missing ${where}`)
    }
  }

  #mustHave(serial: number): void {
    const { topic = '', id = '' } = this.#truth.history.publishes[serial] ?? {}
    if (!isChosen(topic, this.#trail.topics) || this.#serials.has(`${placeOf(id)?.epoch}#${serial}`)) return
    this.#fail('stall', `#${serial} (${topic}), one of the last, did not come; the client is at ${textOf(this.#at)}`)
  }

  #fail(rule: Rule, message: string): void {
    this.violations.push({ rule, message: `${this.#trail.client}: ${message}` })
  }
}

/** When an id of each epoch was seen first, by anybody. */
function firstSeen({ publishes, trails }: History): Map<string, number> {
  const first = new Map<string, number>()
  const note = (id: string | undefined, at: number): void => {
    const epoch = placeOf(id ?? '')?.epoch
    if (epoch !== undefined && at < (first.get(epoch) ?? Number.POSITIVE_INFINITY)) first.set(epoch, at)
  }
  for (const { id, settledAt = 0 } of publishes) note(id, settledAt)
  for (const sight of trails.flatMap(({ seen }) => seen)) {
    if (sight.kind !== 'request') note(sight.kind === 'gap' ? sight.to : sight.id, sight.at)
  }
  return first
}

/** Each epoch but the first needs a reset of its own, before anybody saw it. */
function newEpochs({ firstSeen, history: { resets } }: Truth): Violation[] {
  const violations: Violation[] = []
  for (const [index, [epoch, at]] of [...firstSeen].sort(([, a], [, b]) => a - b).entries()) {
    const causes = resets.filter((reset) => reset.at <= at).length
    if (causes >= index) continue
    const message = `${epoch} is epoch number ${index + 1}, seen at ${at.toFixed()} ms, after ${causes} resets of the log`
    violations.push({ rule: 'new epoch without cause', message })
  }
  return violations
}

/** Whether a publish was answered so soon after a reset that the id may be of the epoch before. */
function mayBeLate(settledAt: number, { resets, noticing }: History): boolean {
  return noticing > 0 && resets.some(({ at, until }) => settledAt >= at && settledAt <= until + noticing)
}

/** What one process published stands in the order of the calls. */
function publishOrder(history: History): Violation[] {
  const violations: Violation[] = []
  const last = new Map<string, { readonly id: string; readonly serial: number }>()
  for (const { publisher, serial, id, settledAt = 0 } of history.publishes) {
    if (id === undefined || mayBeLate(settledAt, history)) continue
    const before = last.get(publisher)
    last.set(publisher, { id, serial })
    const [place, placeBefore] = [placeOf(id), placeOf(before?.id ?? '')]
    if (place === undefined || place.epoch !== placeBefore?.epoch || place.position > placeBefore.position) continue
    const message = `${publisher}: #${serial} is at ${id}, #${before?.serial}, called before, at ${before?.id}`
    violations.push({ rule: 'publish order', message })
  }
  return violations
}

/** What was accepted and not trimmed is in the engine. */
function missingFromLog({ publishes, log }: History): Violation[] {
  if (log === undefined) return []
  const stored = new Set(log.records.map(({ position }) => position))
  const violations: Violation[] = []
  for (const { serial, id } of publishes) {
    const place = placeOf(id ?? '')
    if (place?.epoch !== log.epoch || place.position < log.first || stored.has(place.position)) continue
    violations.push({ rule: 'log', message: `#${serial} was accepted at ${id}, and is not in the engine` })
  }
  return violations.slice(0, TOLD_PER_TRAIL)
}

/** The nodes' processes that live to the end answer every publish. */
function unanswered({ publishes }: History): Violation[] {
  return publishes
    .filter(({ id, error }) => id === undefined && error === undefined)
    .slice(0, TOLD_PER_TRAIL)
    .map(({ serial, publisher }) => ({ rule: 'stall', message: `${publisher}: #${serial} was never answered` }))
}

function disagreement({ heads }: History): Violation[] {
  if (new Set(heads.values()).size <= 1) return []
  const message = [...heads].map(([node, head]) => `${node} is at ${head}`).join(', ')
  return [{ rule: 'disagree', message }]
}

function isSame(a: Place, b: Place): boolean {
  return a.epoch === b.epoch && a.position === b.position
}

function textOf(place: Place | undefined): string {
  return place === undefined ? 'no place' : `${place.epoch}.${place.position}`
}
