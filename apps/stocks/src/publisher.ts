// The market of several nodes: it ticks here, in a process that serves nobody, and all of them follow the log.
import { createHub, createPublisher, type EventLog, type Hub } from '@sse/core'
import type { StockEvents } from './events.ts'
import { publishTick, publishTurn, TURN_INTERVAL, warmUp } from './feed.ts'
import { createMarket } from './market.ts'
import { stopWithFleet, tellReady } from './nodes/member.ts'
import { seed } from './settings.ts'
import { sharedLog, sharedLogPlace } from './shared-log.ts'

/** How long the log may take to answer at first, in milliseconds. */
const PATIENCE = 5_000

/** So many turns may wait for a log that is away; then the market stands still, so that no tick is lost. */
const MAX_WAITING = 50

const log = await sharedLog(sharedLogPlace(process.env))
const market = createMarket({ seed })
const publisher = createPublisher<StockEvents>({ log })
let waiting = 0

stopWithFleet(stop)
const last = await lastTick(log)
if (last === 0) await Promise.all(warmUp(market, Date.now()).map((price) => publishTick(publisher, price)))
// It was here before: the same seed has ticked the same so far.
while (market.n < last) market.tick(Date.now())
const timer = setInterval(() => void turn(), TURN_INTERVAL)
tellReady(null)

async function turn(): Promise<void> {
  if (waiting >= MAX_WAITING) return
  waiting += 1
  try {
    await Promise.all(publishTurn(publisher, market, Date.now()))
  } catch (error) {
    console.error('stocks, publisher:', error)
  } finally {
    waiting -= 1
  }
}

/** The number of the last tick in the log; 0 if there is none. */
async function lastTick(log: EventLog): Promise<number> {
  const hub = createHub<StockEvents>({ log, onError: giveUp })
  const timeout = setTimeout(() => giveUp(new Error('The log does not answer')), PATIENCE)
  await hub.ready
  clearTimeout(timeout)
  const n = hub.stats().ring.events === 0 ? 0 : await newestTick(hub)
  await hub.close()
  return n
}

async function newestTick(hub: Hub<StockEvents>): Promise<number> {
  for await (const { data } of hub.subscribe('stocks/*', { replay: 1 })) if ('n' in data) return data.n
  return 0
}

/** Whoever starts this process hears at once why it cannot run, and may start it again. */
function giveUp(error: unknown): void {
  console.error('stocks, publisher:', error instanceof Error ? error.message : error)
  process.exit(1)
}

function stop(): void {
  clearInterval(timer)
  process.exit()
}
