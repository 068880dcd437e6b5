import assert from 'node:assert/strict'
import type { AdapterStage } from './adapter-stage.ts'
import { HARD_TEXTS } from './app/samples.ts'
import { FAILURE_STATUS } from './app/sources.ts'
import type { ReceivedEvent } from './event-parser.ts'
import type { WireResponse } from './http-response.ts'

/** A rule, and what is done on a server of its own to see whether it is kept. */
export type AdapterRule = readonly [name: string, rule: (stage: AdapterStage) => Promise<void>]

/** How streams begin, on every platform. */
export const OPENING_RULES: readonly AdapterRule[] = [
  ['answers with the headers of a stream', hasHeaders],
  ['says nothing of the connection', leavesTheConnectionAlone],
  ['sends a first frame at once: the time to reconnect, and an id of the hub', sendsAnIdAtOnce],
  ['sends a first frame at once: the time to reconnect, and a comment where there are no ids', sendsACommentAtOnce],
  ['opens the stream of a source that stays quiet', opensQuietSources],
  ...['/throws', '/rejects', '/generator-fails', '/stream-fails', '/observable-fails'].map(
    (path): AdapterRule => [
      `answers an error before the stream is open as an ordinary error: ${path}`,
      (stage) => failsOrdinarily(stage, path),
    ],
  ),
  ['answers a source that is none as an ordinary error', refusesWhatIsNoSource],
  ['answers an error of a POST as an ordinary error', failsOrdinarilyToPosts],
  ['answers 204 where there is nothing and never will be', answersNothing],
  ...['/generator', '/stream', '/observable', '/function'].map(
    (path): AdapterRule => [
      `streams what a source has, and ends with it: ${path}`,
      (stage) => streamsFiniteSources(stage, path),
    ],
  ),
  ['streams a source that has nothing to say', streamsNothing],
  ['carries every text exactly', carriesExactly],
  ['tells a source where its client was', tellsLastEventId],
  ['tells a source nothing of an id that cannot be one', refusesLastEventIds],
  ['streams to a POST, whose body the handler has', answersPosts],
  ['serves the next request on the same connection', keepsTheConnection],
]

/** How streams begin where their options may be given. */
export const OPTION_RULES: readonly AdapterRule[] = [
  ['answers an option out of range as an ordinary error', refusesBadOptions],
  ["keeps the route's own status, headers and cookies", keepsOwnHeaders],
]

/** What is answered to HEAD. */
export const HEAD_RULES: readonly AdapterRule[] = [
  ['answers HEAD with headers alone, and starts no source', answersHead],
]

/** What Node does of itself, unless a header says otherwise. */
export const NODE_RULES: readonly AdapterRule[] = [
  ['streams to a client of HTTP/1.0, which knows no chunks', streamsWithoutChunks],
]

async function hasHeaders(stage: AdapterStage): Promise<void> {
  for (const path of ['/hub', '/idle-generator']) checkStreamHead(await stage.ask(path).head(), path)
  checkStreamHead(await stage.ask('/generator').whole(), '/generator')
}

/** Asserts that a response is a stream by status and headers, each of which came once. */
export function checkStreamHead({ status, headers, body, isComplete }: WireResponse, path: string): void {
  checkStreamHeaders({ status, headers }, path)
  for (const name of ['content-encoding', 'etag']) {
    assert.equal(headers.get(name), undefined, `${path} has the header ${name}`)
  }
  // Some servers tell how long a body is that has ended before they send it.
  const length = headers.get('content-length')
  if (length === undefined) return
  assert(isComplete, `${path} has the header content-length`)
  assert.deepEqual(length, [String(body.length)], `${path} tells another length than it has`)
}

/** Asserts the same of a response that may have come as a whole. */
export function checkStreamHeaders({ status, headers }: Pick<WireResponse, 'status' | 'headers'>, path: string): void {
  assert.equal(status, 200, `${path} has the status ${status}`)
  assert.deepEqual(
    ['content-type', 'cache-control', 'x-accel-buffering'].map((name) => [name, headers.get(name)]),
    [
      ['content-type', ['text/event-stream; charset=utf-8']],
      ['cache-control', ['no-cache, no-transform']],
      ['x-accel-buffering', ['no']],
    ],
    `${path} has other headers than a stream`,
  )
}

/** Were they the adapter's own, they would be there also where HTTP forbids them. */
async function leavesTheConnectionAlone(stage: AdapterStage): Promise<void> {
  for (const path of ['/hub', '/generator']) {
    const { headers } = await stage.ask(path, { headers: ['Connection: close'] }).head()
    const connection = headers.get('connection') ?? []
    assert(connection.length <= 1, `${path} has several headers \`connection\`: ${connection}`)
    assert(!/keep-alive/i.test(String(connection)), `${path} keeps alive what was to be closed`)
    const coding = headers.get('transfer-encoding') ?? []
    assert(coding.length <= 1, `${path} has several headers \`transfer-encoding\`: ${coding}`)
  }
}

async function sendsAnIdAtOnce(stage: AdapterStage): Promise<void> {
  const { body, stream } = await stage.open('/hub')
  assert.match(body, /^retry: \d+\nid: [0-9a-zA-Z-]+\.[0-9a-zA-Z-]+\n\n$/, 'the first frame is another')
  assert(stream.retry !== undefined && stream.retry >= 2_000 && stream.retry <= 5_000, `retry is ${stream.retry}`)
}

async function sendsACommentAtOnce(stage: AdapterStage): Promise<void> {
  const { body } = await stage.open('/idle-function')
  assert.match(body, /^retry: \d+\n:\n\n$/, 'the first frame is another')
}

async function opensQuietSources(stage: AdapterStage): Promise<void> {
  const { body } = await stage.open('/quiet-generator')
  assert.match(body, /^retry: \d+\n:\n\n$/, 'the first frame is another')
}

async function failsOrdinarily(stage: AdapterStage, path: string): Promise<void> {
  checkError(await stage.ask(path).whole(), { status: FAILURE_STATUS, error: 'refused by its source' })
  await checkHandledOnce(stage, 'refused by its source')
}

async function failsOrdinarilyToPosts(stage: AdapterStage): Promise<void> {
  checkError(await stage.post('/rejects', {}).whole(), { status: FAILURE_STATUS, error: 'refused by its source' })
  await checkHandledOnce(stage, 'refused by its source')
}

async function refusesWhatIsNoSource(stage: AdapterStage): Promise<void> {
  checkError(await stage.ask('/no-source').whole(), { status: 500, error: /`source`/ })
  await checkHandledOnce(stage, '`source`')
}

async function refusesBadOptions(stage: AdapterStage): Promise<void> {
  checkError(await stage.ask('/bad-option').whole(), { status: 500, error: /`retry`/ })
  const { journal } = await checkHandledOnce(stage, '`retry`')
  assert.equal(journal['bad-option started'], undefined, 'the source was started though an option is out of range')
}

function checkError(response: WireResponse, { status, error }: { status: number; error: string | RegExp }): void {
  const text = String(response.body)
  assert.equal(response.status, status, `the status is ${response.status}, with the body ${text}`)
  const { headers } = response
  assert(!/event-stream/.test(String(headers.get('content-type'))), 'an error has the content type of a stream')
  assert.equal(headers.get('x-accel-buffering'), undefined, 'an error has a header of a stream')
  const said: unknown = JSON.parse(text).error
  if (typeof error === 'string') assert.equal(said, error)
  else assert.match(String(said), error)
}

async function checkHandledOnce(stage: AdapterStage, message: string): ReturnType<AdapterStage['settle']> {
  const state = await stage.settle()
  const handled = Object.entries(state.journal).filter(([entry]) => entry.startsWith('handled '))
  const count = handled.reduce((sum, [, times]) => sum + times, 0)
  assert.equal(count, 1, `the error handling has seen ${count} errors: ${JSON.stringify(handled)}`)
  assert(handled[0]?.[0].includes(message), `the error handling has seen another error: ${handled[0]?.[0]}`)
  const reported = Object.keys(state.journal).filter((entry) => entry.startsWith('error '))
  assert.deepEqual(reported, [], '`onError` was told, too')
  assert.equal(state.size, 0, 'the hub still counts the stream')
  return state
}

async function answersNothing(stage: AdapterStage): Promise<void> {
  for (const path of ['/null', '/later-null']) {
    const { status, headers, body } = await stage.ask(path).whole()
    assert.equal(status, 204, `${path} has the status ${status}`)
    assert.equal(headers.get('content-type'), undefined, `${path} has a content type`)
    assert.equal(body.length, 0)
  }
}

/** Asserts that events are those of every finite source. */
export function checkFinite(events: readonly ReceivedEvent[]): void {
  assert.deepEqual(events, [
    { event: 'message', data: 'a', id: '' },
    { event: 'named', data: '{"b":[1]}', id: '7' },
    { event: 'message', data: '', id: '7' },
  ])
}

async function streamsFiniteSources(stage: AdapterStage, path: string): Promise<void> {
  const client = stage.ask(path)
  checkStreamHead(await client.whole(), path)
  assert.match(client.body, /^retry: \d+\n:\n\n/, 'the first frame is another')
  checkFinite(client.stream.events)
  const { journal } = await stage.untilNoted('closed complete')
  if (path === '/function') assert.equal(journal['function sent true'], 3, '`send` did not resolve true')
  checkNoErrors(journal)
}

async function streamsNothing(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/empty')
  checkStreamHead(await client.whole(), '/empty')
  assert.match(client.body, /^retry: \d+\n:\n\n$/)
}

async function carriesExactly(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/hard-texts')
  await client.whole()
  const received = client.stream.events.map(({ data }) => data)
  assert.deepEqual(received, HARD_TEXTS.map(asReceived))
  const hub = await stage.open('/hub')
  await stage.publish('hub', HARD_TEXTS)
  const published = (await hub.untilEvents(HARD_TEXTS.length)).map(({ data }) => data)
  assert.deepEqual(published, HARD_TEXTS.map(asReceived), 'of a hub')
}

/** "Join by LF": which of the three line endings it was, the format does not carry. */
function asReceived(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

async function tellsLastEventId(stage: AdapterStage): Promise<void> {
  const utf8 = Buffer.from('é€😀').toString('latin1')
  await checkLastEventId(stage, { said: 'none' })
  await checkLastEventId(stage, { header: '17', said: '17' })
  await checkLastEventId(stage, { query: '18', said: '18' })
  await checkLastEventId(stage, { query: 'a%20b%2B%C3%A9', said: 'a b+é' })
  await checkLastEventId(stage, { header: '17', query: '18', said: '17' })
  await checkLastEventId(stage, { header: utf8, said: 'é€😀' })
  await checkLastEventId(stage, { header: 'x'.repeat(256), said: 'x'.repeat(256) })
}

async function refusesLastEventIds(stage: AdapterStage): Promise<void> {
  await checkLastEventId(stage, { header: 'x'.repeat(257), said: 'none' })
  await checkLastEventId(stage, { query: 'x'.repeat(4_000), said: 'none' })
  await checkLastEventId(stage, { query: 'a%0Ab', said: 'none' })
  await checkLastEventId(stage, { query: 'a%00b', said: 'none' })
}

async function checkLastEventId(
  stage: AdapterStage,
  { header, query, said }: { header?: string; query?: string; said: string },
): Promise<void> {
  const path = query === undefined ? '/last-event-id' : `/last-event-id?lastEventId=${query}`
  const client = stage.ask(path, { headers: header === undefined ? [] : [`Last-Event-ID: ${header}`] })
  const { status } = await client.whole()
  assert.equal(status, 200, `a last event id was answered ${status}: ${JSON.stringify({ header, query })}`)
  assert.deepEqual(
    client.stream.events.map(({ data }) => data),
    [said],
    `of ${JSON.stringify({ header, query })}`,
  )
}

async function answersPosts(stage: AdapterStage): Promise<void> {
  const sent = { prompt: 'héllo', list: [1, null] }
  const client = stage.post('/echo', sent)
  checkStreamHead(await client.whole(), 'POST /echo')
  const received = client.stream.events.map(({ data }) => data)
  // The end of a request's body is not the end of its client.
  assert.deepEqual(received, [JSON.stringify(sent), 'still here'])
}

async function keepsTheConnection(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/generator')
  for (let count = 1; count <= 5; count++) {
    await client.whole(count)
    checkFinite(client.stream.events)
    client.send({ path: stage.pathOf('/generator') })
  }
  await client.whole(6)
  client.send({ path: stage.pathOf('/null') }, { path: stage.pathOf('/generator') })
  await client.whole(8)
  checkFinite(client.stream.events)
  assert.deepEqual(
    client.responses.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200, 204, 200],
  )
}

async function streamsWithoutChunks(stage: AdapterStage): Promise<void> {
  for (const path of ['/generator', '/stream', '/function']) {
    const client = stage.ask(path, { version: '1.0' })
    const { headers } = await client.whole()
    assert.equal(headers.get('transfer-encoding'), undefined, `${path} is chunked`)
    checkFinite(client.stream.events)
  }
}

async function keepsOwnHeaders(stage: AdapterStage): Promise<void> {
  const { status, headers } = await stage.ask('/own-headers').whole()
  assert.equal(status, 202)
  assert.deepEqual(headers.get('cache-control'), ['private'])
  assert.deepEqual(headers.get('x-own'), ['yes'])
  assert.deepEqual(headers.get('content-type'), ['text/event-stream; charset=utf-8'])
  const cookies = headers.get('set-cookie') ?? []
  for (const cookie of ['one=1', 'two=2']) assert(cookies.includes(cookie), `${cookie} is not among ${cookies}`)
}

async function answersHead(stage: AdapterStage): Promise<void> {
  for (const path of ['/hub', '/idle-generator', '/idle-observable', '/idle-function']) {
    const client = stage.ask(path, { method: 'HEAD' })
    checkStreamHead(await client.whole(), `HEAD ${path}`)
    // Whatever followed would be read as the next response.
    client.send({ path: stage.pathOf('/generator') })
    await client.whole(2)
    checkFinite(client.stream.events)
  }
  const { status } = await stage.ask('/null', { method: 'HEAD' }).whole()
  assert.equal(status, 204, `HEAD /null has the status ${status}`)
  const { journal, size } = await stage.settle()
  const started = Object.keys(journal).filter((entry) => / started$/.test(entry) && !entry.startsWith('generator'))
  assert.deepEqual(started, [], 'sources were started for a HEAD')
  assert.equal(size, 0)
}

/** Asserts that nothing was taken for an error, by the application's handling or by `onError`. */
export function checkNoErrors(journal: Readonly<Record<string, number>>): void {
  const errors = Object.keys(journal).filter((entry) => /^(handled|error) /.test(entry))
  assert.deepEqual(errors, [], 'something was taken for an error')
}
