import assert from 'node:assert/strict'
import type { LogEntry, LogRecord } from '../hub/log.ts'
import { checkId, type LogObserver } from './log-observer.ts'
import { entryOf, hardEntries, hostileTexts, numbered } from './log-samples.ts'
import type { LogStage, Place } from './log-stage.ts'

type NamedRule = readonly [name: string, rule: (stage: LogStage) => Promise<void>]

/** What every log does. */
export const RULES: readonly NamedRule[] = [
  ['gives places in the order of the calls', givesPlacesInOrder],
  ['gives places that can be ids', givesPlacesThatCanBeIds],
  ['accepts appends while nobody follows', acceptsWithoutFollowers],
  ['takes an event as it is at the call', takesEventsAsTheyAre],
  ['compares places by their order, whatever their length', comparesByOrder],
  ['knows no place in what clients may send', deniesHostileText],
  ['attaches before it delivers, within its bounds', attachesFirst],
  ['delivers what was appended, in order, once', deliversInOrder],
  ['delivers everything after the floor while appends are under way', deliversAllAfterTheFloor],
  ['delivers up to the head without a further append', deliversUpToTheHead],
  ['carries every text exactly', carriesExactly],
  ['carries a megabyte', carriesMuch],
  ['shows every follower the same order', showsOneOrder],
  ['stops at once, for one follower alone', stops],
  ['can be stopped from within a delivery', stopsWithinADelivery],
  ['delivers what a follower appends after what came before it', queuesWhatFollowersAppend],
  ['attaches a follower that begins within a delivery', attachesWithinADelivery],
  ['detaches a follower that throws, and no other', detachesWhoThrows],
  ['answers every append before it is let go of, and may be used again', releases],
]

/** What a log does that keeps history. */
export const HISTORY_RULES: readonly NamedRule[] = [
  ['delivers what was appended before, if asked for', deliversHistory],
  ['delivers no more history than asked for', boundsHistory],
]

/** What a log does that several processes share. */
export const HANDLE_RULES: readonly NamedRule[] = [['is one log to all who open it', isOneLog]]

/** What a log does whose engine can be out of reach. */
export const INTERRUPTION_RULES: readonly NamedRule[] = [
  ['goes on after an interruption, without loss or repetition', survivesInterruption],
]

/** What a log does whose engine can lose its data. */
export const LOSS_RULES: readonly NamedRule[] = [['begins another epoch once its history is lost', beginsAnotherEpoch]]

async function givesPlacesInOrder({ log }: LogStage): Promise<void> {
  const places = await Promise.all(numbered(120).map((entry) => log.append(entry)))
  let previous: Place | undefined
  for (const place of places) {
    if (previous !== undefined) {
      assert.equal(place.epoch, previous.epoch, 'the epoch changed though nothing was lost')
      const isAfter = log.compare(previous.position, place.position) < 0
      assert(isAfter, `a call got ${place.position}, the call before it ${previous.position}`)
    }
    previous = place
  }
}

async function givesPlacesThatCanBeIds(stage: LogStage): Promise<void> {
  for (const { epoch, position } of await stage.appendAll(numbered(12))) checkId(stage.log, epoch, position)
}

async function acceptsWithoutFollowers(stage: LogStage): Promise<void> {
  const { epoch, position } = await stage.append('before')
  const { at } = await stage.observe()
  assert.equal(at.epoch, epoch, 'append() and attach() tell different epochs')
  assert(
    stage.log.compare(position, at.head) <= 0,
    `attach() has its head ${at.head} before what was accepted at ${position}`,
  )
}

async function takesEventsAsTheyAre(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const entry = { ...entryOf('then') }
  const appended = stage.log.append(entry)
  Object.assign(entry, entryOf('later'))
  await observer.untilPast((await appended).position)
  assert.deepEqual(textsOf(observer), ['then'], 'the record changed with the entry after append() was called')
}

async function comparesByOrder(stage: LogStage): Promise<void> {
  const positions = positionsOf(await stage.appendAll(numbered(120)))
  for (const [i, a] of positions.entries()) {
    for (const [j, b] of positions.entries()) {
      const sign = Math.sign(stage.log.compare(a, b))
      assert.equal(sign, Math.sign(i - j), `compare(${a}, ${b}) is wrong: they were number ${i} and ${j}`)
    }
  }
}

async function deniesHostileText(stage: LogStage): Promise<void> {
  const { position } = await stage.append('one')
  for (const text of hostileTexts(position)) {
    assert(!stage.log.isPosition(text), `isPosition() takes ${JSON.stringify(text.slice(0, 80))} for a position`)
  }
  // Two texts for one place, and the cursor that a client sends differs from the id that it was sent.
  for (const text of [`0${position}`, `${position}-`, `${position}-0`, `${position}n`]) {
    const isOther = !stage.log.isPosition(text) || stage.log.compare(text, position) !== 0
    assert(isOther, `${text} and ${position} are the same place`)
  }
}

async function attachesFirst(stage: LogStage): Promise<void> {
  const first = await stage.observe()
  const { position } = await stage.append('one')
  await first.untilPast(position)
  const second = await stage.observe()
  assert(stage.log.compare(first.at.head, second.at.head) < 0, 'attach() tells the head of before an append')
}

async function deliversInOrder(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const places = [await stage.append('alone'), ...(await stage.appendAll(numbered(300)))]
  await observer.untilPast(lastOf(places))
  assert.deepEqual(positionsOf(observer.received), positionsOf(places))
}

async function deliversAllAfterTheFloor(stage: LogStage): Promise<void> {
  const first = stage.appendAll(numbered(100))
  const observing = stage.observe()
  const second = stage.appendAll(numbered(100))
  await assertComplete(stage, await observing, [...(await first), ...(await second)])
}

async function deliversUpToTheHead(stage: LogStage): Promise<void> {
  const places = await stage.appendAll(numbered(20))
  const observer = await stage.observe()
  await observer.untilPast(lastOf(places))
  await observer.untilPast(observer.at.head)
}

async function carriesExactly(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const entries = hardEntries()
  await observer.untilPast(lastOf(await stage.appendAll(entries)))
  assert.deepEqual(observer.received.map(contentOf), entries.map(contentOf))
}

async function carriesMuch(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const data = 'lines of 32 bytes, é € 😀\r\n'.repeat(2 ** 15)
  const { position } = await stage.append(data)
  await observer.untilPast(position)
  assert(observer.received[0]?.data === data, 'a megabyte came back as something else')
}

async function showsOneOrder(stage: LogStage): Promise<void> {
  const [one, other] = [await stage.observe(), await stage.observe()]
  const writers = ['a', 'b', 'c'].map(async (writer) => {
    for (let n = 0; n < 50; n++) await stage.append(`${writer}${n}`)
  })
  await Promise.all(writers)
  const { position } = await stage.append('last')
  await assertSameOrder([one, other], position, 151)
}

async function stops(stage: LogStage): Promise<void> {
  const [stopped, witness] = [await stage.observe(), await stage.observe()]
  await stopped.untilPast((await stage.append('one')).position)
  await stopped.stop()
  await stopped.stop()
  await appendAndWait(stage, witness)
}

async function stopsWithinADelivery(stage: LogStage): Promise<void> {
  const [stopped, witness] = [await stage.observe(), await stage.observe()]
  let stopping: Promise<void> | undefined
  stopped.onRecords = () => {
    stopping = stopped.stop()
  }
  await witness.untilPast(lastOf(await stage.appendAll(numbered(10))))
  await stopped.until(() => stopping !== undefined, 'a record')
  await stopping
  await appendAndWait(stage, witness)
}

async function queuesWhatFollowersAppend(stage: LogStage): Promise<void> {
  const [replier, witness] = [await stage.observe(), await stage.observe()]
  const answers: Promise<Place>[] = []
  replier.onRecords = (batch) => {
    const questions = batch.map(({ data }) => data).filter((text) => text.endsWith('?'))
    for (const question of questions) answers.push(stage.append(`${question} yes`), stage.append(`${question} no`))
  }
  await stage.appendAll(['a?', 'b?'].map(entryOf))
  await replier.until(() => answers.length === 4, 'both questions')
  await assertSameOrder([replier, witness], lastOf(await Promise.all(answers)), 6)
  for (const question of ['a?', 'b?']) {
    const about = textsOf(witness).filter((text) => text.startsWith(question))
    assert.deepEqual(about, [question, `${question} yes`, `${question} no`])
  }
}

async function attachesWithinADelivery(stage: LogStage): Promise<void> {
  const first = await stage.observe()
  let observing: Promise<LogObserver> | undefined
  first.onRecords = () => {
    observing ??= stage.observe()
  }
  const places = await stage.appendAll(numbered(10))
  await first.untilPast(lastOf(places))
  const second = await observing
  assert(second !== undefined)
  await assertComplete(stage, second, [...places, await stage.append('last')])
}

async function detachesWhoThrows(stage: LogStage): Promise<void> {
  const [broken, healthy] = [await stage.observe(), await stage.observe()]
  const error = new Error('a follower is broken')
  broken.onRecords = () => {
    throw error
  }
  await stage.append('one')
  await broken.until(() => broken.errors.length > 0, 'detach() with what the follower threw')
  await appendAndWait(stage, healthy)
  assert.deepEqual(broken.errors, [error])
}

async function releases(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  let unanswered = 20
  const before = numbered(unanswered).map((entry) => stage.log.append(entry).finally(() => unanswered--))
  // By two that use the log, while a third one goes on.
  const released = [stage.log.release?.(), stage.log.release?.()]
  const meanwhile = stage.log.append(entryOf('meanwhile'))
  await Promise.all(released)
  assert.equal(unanswered, 0, 'release() has resolved before appends had their answers')
  await stage.log.release?.()
  const places = [...(await Promise.all(before)), await meanwhile, await stage.append('after')]
  await observer.untilPast(lastOf(places))
  assert.deepEqual(positionsOf(observer.received), positionsOf(places))
}

async function deliversHistory(stage: LogStage): Promise<void> {
  const places = await stage.appendAll(numbered(50))
  const observer = await stage.observe()
  assert.equal(observer.at.head, lastOf(places))
  await observer.untilPast(lastOf(places))
  assert.deepEqual(positionsOf(observer.received), positionsOf(places))
}

async function boundsHistory(stage: LogStage): Promise<void> {
  const places = await stage.appendAll(Array.from({ length: 50 }, () => entryOf('é'.repeat(500))))
  const byEvents = await stage.observe({ maxEvents: 10 })
  await byEvents.untilPast(lastOf(places))
  assert.deepEqual(positionsOf(byEvents.received), positionsOf(places.slice(-10)))
  const byBytes = await stage.observe({ maxBytes: 10_500 })
  await byBytes.untilPast(lastOf(places))
  assert.deepEqual(positionsOf(byBytes.received), positionsOf(places.slice(-10)))
}

async function isOneLog(stage: LogStage): Promise<void> {
  const other = await stage.open()
  const observers = [await stage.observe(), await stage.observe({ log: other })]
  for (const entry of numbered(20)) await Promise.all([stage.log.append(entry), other.append(entry)])
  const { epoch, position } = await other.append(entryOf('last'))
  await assertSameOrder(observers, position, 41)
  for (const { at } of observers) assert.equal(at.epoch, epoch, 'two handles of one log tell different epochs')
}

async function survivesInterruption(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const before = await stage.appendAll(numbered(20))
  await observer.untilPast(lastOf(before))
  const during = await stage.appendAll(numbered(20))
  await stage.interrupt()
  const after = await stage.appendAll(numbered(20))
  await observer.untilPast(lastOf(after))
  assert.deepEqual(positionsOf(observer.received), positionsOf([...before, ...during, ...after]))
  for (const { epoch } of observer.attachments)
    assert.equal(epoch, after[0]?.epoch, 'the epoch changed, nothing was lost')
}

async function beginsAnotherEpoch(stage: LogStage): Promise<void> {
  const observer = await stage.observe()
  const before = await stage.append('before')
  await observer.untilPast(before.position)
  await stage.lose()
  const after = await stage.append('after')
  assert.notEqual(after.epoch, before.epoch, 'append() tells the epoch of the history that was lost')
  await observer.until(() => observer.at.epoch === after.epoch, 'attach() with the new epoch')
  await observer.untilPast(after.position)
}

/** Lets a log work until whoever is still called by mistake has been: a witness alone may be ahead of the others. */
async function appendAndWait(stage: LogStage, witness: LogObserver): Promise<void> {
  for (const round of ['round 1', 'round 2', 'round 3']) await witness.untilPast((await stage.append(round)).position)
}

/** Waits for the last place, then asserts that everything after the floor was delivered, and nothing else. */
async function assertComplete(stage: LogStage, observer: LogObserver, places: readonly Place[]): Promise<void> {
  await observer.untilPast(lastOf(places))
  const { floor } = observer.at
  const expected = positionsOf(places).filter((position) => stage.log.compare(floor, position) < 0)
  assert.deepEqual(positionsOf(observer.received), expected, `not what comes after the floor ${floor}`)
}

/** Waits for the last place, then asserts that all were given so many records, the same in the same order. */
async function assertSameOrder(observers: readonly LogObserver[], last: string, count: number): Promise<void> {
  for (const observer of observers) await observer.untilPast(last)
  const [first, ...others] = observers
  assert.equal(first?.received.length, count)
  for (const { received } of others) assert.deepEqual(received, first.received, 'two followers saw different orders')
}

function contentOf({ topic, event, data, raw, key }: LogEntry): LogEntry {
  return key === undefined ? { topic, event, data, raw } : { topic, event, data, raw, key }
}

function textsOf({ received }: LogObserver): string[] {
  return received.map(({ data }) => data)
}

function positionsOf(places: readonly Pick<LogRecord, 'position'>[]): string[] {
  return places.map(({ position }) => position)
}

function lastOf(places: readonly Place[]): string {
  const last = places.at(-1)
  assert(last !== undefined)
  return last.position
}
