import assert from 'node:assert/strict'
import { format } from 'node:util'
import { type AdapterRule, checkNoErrors } from './adapter-opening-rules.ts'
import type { AdapterStage, StageRequest } from './adapter-stage.ts'
import { SECRET } from './app/sources.ts'
import type { EventReading } from './read-events.ts'
import type { WireClient } from './wire-client.ts'

/** What becomes of a stream whose source fails, on every platform. */
export const FAILURE_RULES: readonly AdapterRule[] = ['/fails-later', '/observable-fails-later', '/bad-event'].map(
  (path): AdapterRule => [
    `ends a stream whose source fails, and tells \`onError\` alone: ${path}`,
    (stage) => endsFailedStreams(stage, path),
  ],
)

/** What an idle source notes when its client goes. */
const IDLE: readonly (readonly [path: string, noted: readonly string[], request?: StageRequest])[] = [
  ['/idle-generator', ['idle-generator aborted', 'idle-generator returned']],
  ['/quiet-generator', ['quiet-generator aborted', 'quiet-generator returned']],
  ['/idle-iterator', ['idle-iterator returned']],
  ['/idle-observable', ['idle-observable unsubscribed']],
  ['/idle-stream', ['idle-stream cancelled']],
  ['/idle-function', ['idle-function aborted', 'idle-function closed client']],
  ['/idle-post', ['idle-post aborted', 'idle-post returned'], { method: 'POST', body: '{}' }],
  ['/hub', []],
]

/** What becomes of an idle stream whose client goes, where the platform tells. */
export const DISCONNECT_RULES: readonly AdapterRule[] = [
  ...IDLE.map(
    ([path, noted, request]): AdapterRule => [
      `ends an idle source at once when its client goes: ${path}`,
      (stage) => endsIdleSources(stage, path, noted, request),
    ],
  ),
  ...['/gated-generator', '/gated-hub'].map(
    (path): AdapterRule => [
      `leaves nothing behind of a client that has gone before its stream could begin: ${path}`,
      (stage) => forgetsWhoHasGone(stage, path),
    ],
  ),
  ['tells nobody on the console of clients that go', staysSilent],
]

/** The same before a stream is open, where options can keep it from opening. */
export const UNOPENED_RULES: readonly AdapterRule[] = [
  ['ends a source whose client goes before the stream is open', endsUnopenedSources],
]

/** What becomes of a client that does not read, where the platform tells. */
export const SLOW_RULES: readonly AdapterRule[] = [
  ['cuts a client that the ring has moved past, and delays no other', cutsSlowClients],
  ['cuts a client that is sent more than may wait for it', cutsFloodedClients],
  ['cuts a client that takes nothing for too long', cutsStalledClients],
  ['stops a source while its client does not read, and ends it when that goes', stopsSources],
  ['goes on with a source when its client reads again, without loss', goesOnWithSources],
  ['goes on with a subscription when its client reads again, without loss', goesOnWithSubscriptions],
]

async function endsFailedStreams(stage: AdapterStage, path: string): Promise<void> {
  const client = stage.ask(path)
  const { status } = await client.whole()
  assert.equal(status, 200)
  assert(!String(client.bytes).includes(SECRET), "the error's message has reached the client")
  assert.match(client.body, /^retry: \d+\n:\n\ndata: first\n\n$/, 'something of the error has reached the client')
  await stage.untilNoted('closed error')
  const { journal, size } = await stage.settle()
  const errors = Object.entries(journal).filter(([entry]) => /^(error|handled) /.test(entry))
  assert.equal(errors.length, 1, `not one error was told, but ${JSON.stringify(errors)}`)
  const [[entry, count] = ['', 0]] = errors
  assert(entry.startsWith('error source: '), `the error was told as ${JSON.stringify(entry)}`)
  assert.equal(count, 1, '`onError` was told twice')
  assert.equal(size, 0)
}

async function endsIdleSources(
  stage: AdapterStage,
  path: string,
  noted: readonly string[],
  request?: StageRequest,
): Promise<void> {
  const json = ['Content-Type: application/json']
  const client = await stage.open(path, request && { ...request, headers: json })
  await stage.untilSize(1)
  // It is idle once it has sent what it has.
  if (/idle-(?!function)/.test(path)) await client.untilEvents(1)
  await client.leave()
  for (const entry of noted) await stage.untilNoted(entry)
  await stage.untilNoted('closed client')
  await stage.untilSize(0)
  const { journal } = await stage.settle()
  for (const [entry, count] of Object.entries(journal)) assert.equal(count, 1, `${entry} ${count} times`)
  checkNoErrors(journal)
}

async function forgetsWhoHasGone(stage: AdapterStage, path: string): Promise<void> {
  const client = stage.ask(path)
  await stage.untilNoted('gated waits')
  await client.leave()
  await stage.settle()
  await stage.control({ do: 'open the gate' })
  await stage.untilNoted('gated asked')
  const isOver = ({ journal, size }: Awaited<ReturnType<AdapterStage['settle']>>): boolean =>
    size === 0 && (journal['gated started'] ?? 0) === (journal['gated aborted'] ?? 0)
  await stage.until('the end of a stream whose client had gone', isOver)
  const state = await stage.settle()
  assert(isOver(state), `a stream has begun whose client had gone: ${JSON.stringify(state)}`)
  checkNoErrors(state.journal)
}

async function staysSilent(stage: AdapterStage): Promise<void> {
  const before = stage.server.said?.() ?? ''
  const said = await whileListening(async () => {
    const paths = ['/hub', '/greeted', '/idle-generator', '/idle-stream', '/idle-observable', '/idle-function']
    const clients = await Promise.all(paths.map((path) => stage.open(path)))
    for (const client of clients) await client.leave()
    await stage.untilSize(0)
    await stage.settle()
  })
  const there = stage.server.said?.().slice(before.length) ?? ''
  assert.equal(`${said}${there}`, '', 'something was written to the console')
}

/** What is written to the console of this process meanwhile. */
async function whileListening(play: () => Promise<void>): Promise<string> {
  const { error, warn } = console
  let said = ''
  const listen = (...args: readonly unknown[]): void => {
    said += `${format(...args)}\n`
  }
  Object.assign(console, { error: listen, warn: listen })
  try {
    await play()
  } finally {
    Object.assign(console, { error, warn })
  }
  return said
}

async function endsUnopenedSources(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/unopened-generator')
  await stage.untilNoted('unopened-generator started')
  await client.leave()
  await stage.untilNoted('unopened-generator aborted')
  await stage.untilNoted('unopened-generator returned')
  await stage.untilSize(0)
  const { journal } = await stage.settle()
  checkNoErrors(journal)
}

/** Characters of an event, and events of a batch: half of what the ring of the hub holds. */
const LENGTH = 16 * 1024
const BATCH = 32
/** More than any kernel takes for a client that does not read. */
const MAX_BATCHES = 96

async function cutsSlowClients(stage: AdapterStage): Promise<void> {
  const healthy = stage.read('/narrow')
  await stage.within('the head of a response', healthy.response)
  const stalled = await stage.open('/narrow')
  stalled.pause()
  await stage.untilSize(2)
  let n = 0
  for (let batch = 0; ; batch++) {
    assert(batch < MAX_BATCHES, `${n} events of ${LENGTH} bytes were taken for a client that does not read`)
    const fill = { do: 'fill', hub: 'narrow', topic: 'narrow', from: n, count: BATCH, length: LENGTH } as const
    const { journal } = await stage.control(fill)
    await readNumbered(stage, healthy, { from: n, to: n + BATCH })
    n += BATCH
    if (journal['closed slow'] !== undefined) break
  }
  await checkCut(stalled)
  const { journal } = await stage.untilSize(1)
  assert.equal(journal['closed slow'], 1)
  checkNoErrors(journal)
}

async function cutsFloodedClients(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/flood').pause()
  await stage.untilNoted('flood closed slow')
  const { journal } = await stage.untilSize(0)
  assert.equal(journal['flood aborted'], 1)
  await checkCut(client)
  checkNoErrors(journal)
}

async function cutsStalledClients(stage: AdapterStage): Promise<void> {
  const client = await stage.open('/impatient')
  client.pause()
  const fill = { do: 'fill', hub: 'impatient', topic: 'impatient', from: 0, count: 96, length: 256 * 1024 } as const
  await stage.control(fill)
  await stage.untilNoted('closed stalled')
  const { journal } = await stage.untilSize(0)
  await checkCut(client)
  checkNoErrors(journal)
}

async function stopsSources(stage: AdapterStage): Promise<void> {
  const client = stage.ask('/much').pause()
  await untilStopped(stage)
  await client.leave()
  await stage.untilNoted('much returned')
  const { journal } = await stage.untilSize(0)
  assert.equal(journal['much finished'], undefined, 'a source has not stopped for a client that has gone')
  checkNoErrors(journal)
}

async function goesOnWithSources(stage: AdapterStage): Promise<void> {
  const client = stage.read('/much')
  await stage.within('the head of a response', client.response)
  const yielded = await untilStopped(stage)
  await readNumbered(stage, client, { from: 0, to: yielded + 100 })
  await client.return()
  await stage.untilNoted('much returned')
}

async function goesOnWithSubscriptions(stage: AdapterStage): Promise<void> {
  const client = stage.read('/roomy')
  await stage.within('the head of a response', client.response)
  const fill = { do: 'fill', hub: 'roomy', topic: 'roomy', length: 64 * 1024 } as const
  await stage.control({ ...fill, from: 0, count: 384 })
  await readNumbered(stage, client, { from: 0, to: 384 })
  await stage.control({ ...fill, from: 384, count: 1 })
  await readNumbered(stage, client, { from: 384, to: 385 })
}

/** Waits until nothing more is asked of `/much`, and answers how much it was. */
async function untilStopped(stage: AdapterStage): Promise<number> {
  let yielded = 0
  let looks = 0
  const { journal } = await stage.until('the end of what goes to a client that does not read', (state) => {
    const now = state.journal['much yielded'] ?? 0
    looks = now === yielded && now > 0 ? looks + 1 : 0
    yielded = now
    return looks === 30
  })
  assert.equal(journal['much finished'], undefined, 'a source has not stopped for a client that does not read')
  return yielded
}

async function readNumbered(
  stage: AdapterStage,
  client: EventReading,
  { from, to }: { from: number; to: number },
): Promise<void> {
  for (let n = from; n < to; n++) {
    const { value } = await stage.within(`event ${n}`, client.next())
    assert.equal(Number.parseInt(value?.data ?? '', 10), n, 'a client has missed something, or got it twice')
  }
}

/** Asserts that a connection is closed by the server in the middle of a stream: to end it would be to wait. */
async function checkCut(client: WireClient): Promise<void> {
  client.resume()
  await client.untilEnd()
  const { response } = client
  assert(response?.isComplete !== true, 'a client that was to be cut has got the end of its stream')
}
