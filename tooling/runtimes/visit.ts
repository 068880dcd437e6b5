import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'

/** How long a visit may take, in milliseconds. */
const PATIENCE = 30_000

/**
 * Visits a server of `app/` as a client that loses its connection: reads what is published, is gone while more is, comes
 * back with the last id, and stays until the server ends the stream.
 *
 * @throws {Error} that says what went otherwise than it should have
 */
export async function visit(url: string): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE)
  const ask = async (path: string): Promise<string> => (await fetch(`${url}${path}`, { signal: patience })).text()
  const publish = async (data: string): Promise<EventSourceMessage> => {
    return { id: await ask(`/publish?data=${data}`), event: 'news', data }
  }

  const first = await step('open a stream', () => listen(url, patience))
  const one = await step('take an event', () => publish('one'))
  await step('stream what is published', async () => assert.deepEqual(await first.next(), one))
  first.leave()
  await step('notice a disconnect', () => until(async () => (await ask('/size')) === '0', patience))
  const two = await publish('two')
  const second = await step('open it again', () => listen(url, patience, one.id))
  await step('resume', async () => assert.deepEqual(await second.next(), two))
  const three = await publish('three')
  await step('go on with what is new', async () => assert.deepEqual(await second.next(), three))
  await step('close its hub', async () => assert.equal(await ask('/close'), 'closed'))
  await step('end the stream', async () => assert.equal(await second.next(), undefined))
}

async function step<T>(what: string, take: () => Promise<T>): Promise<T> {
  try {
    return await take()
  } catch (error) {
    throw new Error(`It did not ${what}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
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
