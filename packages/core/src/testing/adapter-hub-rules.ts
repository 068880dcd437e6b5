import assert from 'node:assert/strict'
import { type AdapterRule, checkNoErrors, checkStreamHeaders } from './adapter-opening-rules.ts'
import type { AdapterStage } from './adapter-stage.ts'
import type { ReceivedEvent } from './event-parser.ts'
import type { WireClient } from './wire-client.ts'

/** What subscriptions of a hub do, on every platform. */
export const HUB_RULES: readonly AdapterRule[] = [
  ['gives every client every event of its topics, once and in order', fansOut],
  ['begins with what is there, where the subscription says so', replays],
  ['sends what a source says first before the events of its subscription', greets],
  ['goes on after `Last-Event-ID`', resumes],
  ['goes on after `?lastEventId=`, unless there is a header', resumesByQuery],
  ['announces a gap, where events are missing', announcesGaps],
  ['announces a gap to an id that it does not know, whatever that is', announcesUnknownIds],
  ['sends a snapshot to who is new, and to who has a gap', sendsSnapshots],
  ['ends with the last event, and answers 204 to who has seen it', endsWithTheLast],
  ['sends a heartbeat, with the id that its client has reached', beats],
  ['ends all streams when the hub is closed, and opens no more', closes],
  ['tells an `EventSource` that finds no room when to come back', putsOff],
  ['tells everyone else that there is no room', refuses],
]

/** What limits of one client do, where options say who it is. */
export const PRINCIPAL_RULES: readonly AdapterRule[] = [
  ['tells a client that it has too many streams', refusesPrincipals],
]

const CLIENTS = 20

async function fansOut(stage: AdapterStage): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => stage.open('/hub')))
  const pattern = await stage.open('/pattern')
  await stage.untilSize(CLIENTS + 1)
  const texts = Array.from({ length: 100 }, (_, n) => `event ${n}`)
  const ids = await stage.publish('hub', texts)
  assert.equal(new Set(ids).size, texts.length, 'ids are not distinct')
  await stage.publish('elsewhere', ['to nobody'])
  await stage.publish('rooms/a', ['by pattern'])
  for (const client of clients) await client.untilEvents(texts.length)
  await pattern.untilEvents(1)
  await stage.settle()
  const expected = texts.map((data, n): ReceivedEvent => ({ event: 'message', data, id: ids[n] ?? '' }))
  for (const client of clients) assert.deepEqual(client.stream.events, expected)
  assert.deepEqual(dataOf(pattern), ['by pattern'])
}

async function replays(stage: AdapterStage): Promise<void> {
  await stage.publish('hub', ['1', '2'])
  const client = await stage.open('/replay')
  await stage.publish('hub', ['3'])
  await client.untilEvents(3)
  assert.deepEqual(dataOf(client), ['1', '2', '3'])
}

async function greets(stage: AdapterStage): Promise<void> {
  await stage.publish('hub', ['1'])
  const client = await stage.open('/greeted')
  await client.untilEvents(2)
  await stage.publish('hub', ['2'])
  const [greeting] = await client.untilEvents(3)
  assert.deepEqual(greeting, { event: 'greeting', data: 'hello', id: '' })
  assert.deepEqual(dataOf(client), ['hello', '1', '2'])
}

async function resumes(stage: AdapterStage): Promise<void> {
  const first = await stage.open('/hub')
  await stage.publish('hub', ['1', '2'])
  await first.untilEvents(2)
  const { lastEventId } = first.stream
  await first.leave()
  await stage.publish('hub', ['3', '4'])
  const second = await stage.open('/hub', { headers: [`Last-Event-ID: ${lastEventId}`] })
  await stage.publish('hub', ['5'])
  await second.untilEvents(3)
  assert.deepEqual(dataOf(second), ['3', '4', '5'])
}

async function resumesByQuery(stage: AdapterStage): Promise<void> {
  const [first, second] = await stage.publish('hub', ['1', '2', '3'])
  const byQuery = await stage.open(`/hub?lastEventId=${first}`)
  await byQuery.untilEvents(2)
  assert.deepEqual(dataOf(byQuery), ['2', '3'])
  const byHeader = await stage.open(`/hub?lastEventId=${first}`, { headers: [`Last-Event-ID: ${second}`] })
  await byHeader.untilEvents(1)
  assert.deepEqual(dataOf(byHeader), ['3'])
}

async function announcesGaps(stage: AdapterStage): Promise<void> {
  const texts = ['1', '2', '3', '4', '5', '6', '7', '8', '9']
  const [from] = await stage.publish('short', texts, { hub: 'short' })
  const client = await stage.open('/short', { headers: [`Last-Event-ID: ${from}`] })
  const [gap] = await client.untilEvents(5)
  checkGap(gap, { reason: 'trimmed', from: from ?? '', snapshot: false })
  assert.deepEqual(dataOf(client).slice(1), ['6', '7', '8', '9'])
}

async function announcesUnknownIds(stage: AdapterStage): Promise<void> {
  const ids = [
    'otherhub.1',
    'x'.repeat(300),
    Buffer.from('é\u{1f600}').toString('latin1'),
    'caf\xe9',
    '../../etc/passwd',
  ]
  const clients = await Promise.all(ids.map((id) => stage.open('/hub', { headers: [`Last-Event-ID: ${id}`] })))
  for (const client of clients) await client.untilEvents(1)
  await stage.publish('hub', ['live'])
  for (const client of clients) {
    const [gap] = await client.untilEvents(2)
    assert.equal(gap?.event, 'sse.gap')
    assert.deepEqual(dataOf(client).slice(1), ['live'])
  }
}

async function sendsSnapshots(stage: AdapterStage): Promise<void> {
  const fresh = await stage.open('/snapshot')
  const [state] = await fresh.untilEvents(1)
  assert.deepEqual(state, { event: 'state', data: 'fresh', id: '' }, 'a snapshot carries no id')
  await fresh.until('the id that ends the snapshot', () => fresh.stream.lastEventId !== '')
  const gapped = await stage.open('/snapshot', { headers: ['Last-Event-ID: otherhub.1'] })
  const [gap, again] = await gapped.untilEvents(2)
  checkGap(gap, { reason: 'epoch', from: 'otherhub.1', snapshot: true })
  assert.deepEqual([again?.event, again?.data], ['state', 'epoch'])
  await gapped.until('the id that ends the snapshot', () => gapped.stream.lastEventId !== 'otherhub.1')
  await stage.publish('hub', ['live'])
  assert.equal((await fresh.untilEvents(2)).at(-1)?.data, 'live')
  assert.equal((await gapped.untilEvents(3)).at(-1)?.data, 'live')
}

function checkGap(
  event: ReceivedEvent | undefined,
  expected: { reason: string; from: string; snapshot: boolean },
): void {
  assert.equal(event?.event, 'sse.gap')
  const { reason, from, snapshot } = JSON.parse(event.data)
  assert.deepEqual({ reason, from, snapshot }, expected)
}

async function endsWithTheLast(stage: AdapterStage): Promise<void> {
  const live = await stage.open('/until')
  const [, last] = await stage.publish('until', ['first', 'last', 'after'])
  const late = stage.ask('/until')
  for (const client of [live, late]) {
    const { status } = await client.whole()
    assert.equal(status, 200)
    assert.deepEqual(dataOf(client), ['first', 'last'])
  }
  const { status, body } = await stage.ask('/until', { headers: [`Last-Event-ID: ${last}`] }).whole()
  assert.equal(status, 204, `who has seen the last event is answered ${status}`)
  assert.equal(body.length, 0)
}

async function beats(stage: AdapterStage): Promise<void> {
  const client = await stage.open('/lively')
  await client.until('three heartbeats', () => blocksOf(client).length >= 4)
  const { ids } = await stage.control({ do: 'publish', hub: 'lively', topic: 'elsewhere', events: [{ data: '' }] })
  await client.until(`a heartbeat with the id ${ids[0]}`, () => client.stream.lastEventId === ids[0])
  const strange = blocksOf(client)
    .slice(1)
    .filter((block) => !/^(:|id: [0-9a-zA-Z.-]+)$/.test(block))
  assert.deepEqual(strange, [], 'heartbeats are comments, or ids alone')
}

function blocksOf(client: WireClient): readonly string[] {
  return client.body.split('\n\n').slice(0, -1)
}

async function closes(stage: AdapterStage): Promise<void> {
  const paths = ['/hub', '/idle-generator', '/idle-function']
  const clients = await Promise.all(paths.map((path) => stage.open(path)))
  await stage.control({ do: 'close' })
  for (const client of clients) {
    await client.whole()
    assert.match(client.body, /\n\nretry: \d+\n\n$/, 'a stream that its hub has ended says when to come back')
  }
  await stage.untilNoted('idle-generator returned')
  const { journal } = await stage.untilNoted('idle-function closed drain')
  checkNoErrors(journal)
  const late = stage.ask('/hub')
  await checkPutOff(late)
}

async function putsOff(stage: AdapterStage): Promise<void> {
  await checkPutOff(stage.ask('/full'))
}

/** Any status but 200 would make a browser give up for good. */
async function checkPutOff(client: WireClient): Promise<void> {
  checkStreamHeaders(await client.whole(), 'no room')
  assert.match(client.body, /^retry: \d+\n\n$/)
  const { retry = 0 } = client.stream
  assert(retry >= 5_000 && retry <= 15_000, `retry is ${retry}, not 5000 to 15000`)
}

async function refuses(stage: AdapterStage): Promise<void> {
  const client = stage.connect().send({ path: stage.pathOf('/full') })
  checkRefusal(await client.whole(), 503)
  // No `EventSource` posts, whatever it says it accepts.
  checkRefusal(await stage.post('/full', {}).whole(), 503)
}

async function refusesPrincipals(stage: AdapterStage): Promise<void> {
  checkRefusal(
    await stage
      .connect()
      .send({ path: stage.pathOf('/crowded') })
      .whole(),
    429,
  )
  await checkPutOff(stage.ask('/crowded'))
}

function checkRefusal({ status, headers }: Awaited<ReturnType<WireClient['whole']>>, expected: number): void {
  assert.equal(status, expected, `no room is answered ${status}`)
  const seconds = Number(headers.get('retry-after')?.[0])
  assert(seconds >= 5 && seconds <= 15, `retry-after is ${headers.get('retry-after')}, not 5 to 15`)
}

function dataOf(client: WireClient): readonly string[] {
  return client.stream.events.map(({ data }) => data)
}
