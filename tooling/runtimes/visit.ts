import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'

/** How long a visit may take, in milliseconds. */
const PATIENCE = 15_000

/**
 * Visits a server of `app/` as a client that loses its connection: reads what is published, is gone while more is, comes
 * back with the last id, and stays until the server ends the stream.
 *
 * @throws {Error} that says what went otherwise than it should have
 */
export async function visit(url: string): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE)
  const ask = async (path: string): Promise<string> => (await fetch(`${url}${path}`, { signal: patience })).text()

  const first = await listen(url, patience)
  const one = await ask('/publish?data=one')
  assert.deepEqual(await first.next(), { id: one, event: 'news', data: 'one' })
  first.leave()
  await until(async () => (await ask('/size')) === '0', patience)
  const two = await ask('/publish?data=two')

  const second = await listen(url, patience, one)
  assert.deepEqual(await second.next(), { id: two, event: 'news', data: 'two' })
  const three = await ask('/publish?data=three')
  assert.deepEqual(await second.next(), { id: three, event: 'news', data: 'three' })
  assert.equal(await ask('/close'), 'closed')
  assert.equal(await second.next(), undefined)
}

/** A stream that somebody listens to. */
interface Listener {
  /** The next event, or `undefined` when the stream has ended. */
  next(): Promise<EventSourceMessage | undefined>
  leave(): void
}

async function listen(url: string, patience: AbortSignal, lastEventId?: string): Promise<Listener> {
  const gone = new AbortController()
  const response = await fetch(`${url}/events`, {
    headers: { Accept: 'text/event-stream', ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) },
    signal: AbortSignal.any([patience, gone.signal]),
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert(response.body !== null)
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  const reader = events.getReader()
  const next = async (): Promise<EventSourceMessage | undefined> => (await reader.read()).value
  return { next, leave: () => gone.abort() }
}

async function until(condition: () => Promise<boolean>, patience: AbortSignal): Promise<void> {
  while (!(await condition())) await pause(20, undefined, { signal: patience })
}
