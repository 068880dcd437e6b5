/**
 * @import {StockEvents} from '../src/events.ts'
 * @import {SlowStatus} from '../src/slow-lane.ts'
 * @import {Outcome} from './outcome.js'
 */

import { bytes, count } from './format.js'
import { request } from './request.js'
import { Trial } from './trial.js'
import { EventSourceParserStream } from './vendor/eventsource-parser/stream.js'

/** After so many padded events this browser counts as bottomless. */
const ENOUGH = 8_000

/** A reader lags for good when nothing has moved for this long, in milliseconds. */
const STANDSTILL = 400

/** How long the tab keeps the server waiting after that, in milliseconds. */
const PAUSE = 1_500

/**
 * *Be slow*: a second stream that this tab stops reading, until the server sees it lag; then it reads on.
 *
 * @param {{ client: string }} page
 */
export function slowTrial({ client }) {
  return new Trial('slow', async (outcome, signal) => {
    const reader = await openReader(client, signal)
    try {
      const filled = await fillBuffers(client, outcome, signal)
      const { published, newest } = await publish(client, 'small', signal)
      outcome.show(
        { published: count(published), waiting: bytes(filled.bufferedBytes) },
        'The server sees this tab lag. It publishes on, and keeps nothing for it but a cursor …',
      )
      await pause(PAUSE, signal)
      outcome.say('Reading again …')
      const { received, gaps, isCurrent } = await reader.readUpTo(newest)
      const conflated = published - received
      outcome.conclude({
        figures: { published: count(published), received: count(received), conflated: count(conflated) },
        verdict: isCurrent
          ? `The newest value of all ${Object.keys(newest).length} keys came.`
          : 'Interrupted before the newest values came: try again.',
        detail:
          `Buffers on the way took ${bytes(filled.published * 16_384)}. The server kept ${bytes(filled.bufferedBytes)} and a ` +
          'cursor, and skipped what newer events had outdated' +
          (gaps === 0 ? '.' : `; ${count(gaps)} gap told of what its ring no longer held.`),
      })
    } finally {
      reader.close()
    }
  })
}

/**
 * Publishes padded events until the reader lags for good.
 *
 * @param {string} client
 * @param {Outcome} outcome
 * @param {AbortSignal} signal
 * @returns {Promise<SlowStatus>}
 */
async function fillBuffers(client, outcome, signal) {
  let status = await publish(client, 'padded', signal)
  while (status.published < ENOUGH) {
    outcome.show(
      { published: count(status.published), swallowed: bytes(status.published * 16_384) },
      'This tab does not read. Its browser and the sockets still take everything …',
    )
    if (status.state === 'live') status = await publish(client, 'padded', signal)
    else {
      const before = status
      await pause(STANDSTILL, signal)
      status = await statusOf(client, signal)
      if (standsStill(before, status)) break
    }
  }
  return status
}

/**
 * @param {SlowStatus} before
 * @param {SlowStatus} now
 */
function standsStill(before, now) {
  return now.state === 'lagging' && now.cursor === before.cursor && now.bufferedBytes === before.bufferedBytes
}

/**
 * Opens the second stream and reads nothing of it.
 *
 * @param {string} client
 * @param {AbortSignal} signal
 */
async function openReader(client, signal) {
  const closing = new AbortController()
  const response = await request(`slow?client=${client}`, { signal: AbortSignal.any([signal, closing.signal]) })
  if (response.body === null) throw new Error('the stream has no body')
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  return {
    close: () => closing.abort(),
    /** @param {SlowStatus['newest']} newest */
    readUpTo: (newest) => readUpTo(events, newest),
  }
}

/**
 * Reads until the newest event of every key is here.
 *
 * @param {ReadableStreamDefaultReader<import('eventsource-parser').EventSourceMessage>} events
 * @param {SlowStatus['newest']} newest
 */
async function readUpTo(events, newest) {
  const behind = new Map(Object.entries(newest))
  let received = 0
  let gaps = 0
  while (behind.size > 0) {
    const { done, value } = await events.read()
    if (done) break
    if (value.event === 'sse.gap') {
      gaps += 1
      // What was published before is lost with the log, and would be waited for in vain.
      if (JSON.parse(value.data).reason === 'epoch') break
    }
    if (value.event !== 'padded') continue
    received += 1
    /** @type {StockEvents['padded']} */
    const { symbol, n } = JSON.parse(value.data)
    if (behind.get(symbol) === n) behind.delete(symbol)
  }
  return { received, gaps, isCurrent: behind.size === 0 }
}

/**
 * @param {string} client
 * @param {'padded' | 'small'} batch
 * @param {AbortSignal} signal
 * @returns {Promise<SlowStatus>}
 */
async function publish(client, batch, signal) {
  const response = await request(`slow/publish?client=${client}&batch=${batch}`, { method: 'POST', signal })
  return response.json()
}

/**
 * @param {string} client
 * @param {AbortSignal} signal
 * @returns {Promise<SlowStatus>}
 */
async function statusOf(client, signal) {
  const response = await request(`slow/status?client=${client}`, { signal })
  return response.json()
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
