import { createHub, type EventLog, type Hub, type HubOptions, SseError } from '@sse/core'
import { sse } from '@sse/express'
import express, { type Express, type Response, Router } from 'express'
import type { NodeIdentity, Opened, StockEvents } from './events.ts'
import { createMarket, type Market, type MarketState, type Price } from './market.ts'
import { createMarketView } from './market-view.ts'
import { type PageOf, servePage } from './page.ts'
import { LogRestarted, restartableLog } from './restartable-log.ts'
import { createSlowLane } from './slow-lane.ts'
import { snapshotOf } from './snapshot.ts'
import { clientOf, sameOrigin, withClient } from './visitor.ts'
import { watchedLog } from './watched-log.ts'

/** The demo without its clock and its socket: whoever has it publishes (see `feed.ts`) and listens. */
export interface Stocks {
  readonly app: Express
  readonly hub: Hub<StockEvents>
  readonly market: Market
}

/** Makes the demo: a hub whose log can be restarted, a market, and the routes that the page uses. */
export function createStocks({ seed }: { readonly seed: number }): Stocks {
  const log = restartableLog()
  const hub = createHub<StockEvents>({
    ...hubOptions('stocks'),
    log,
    // Room for one tab that is slow on purpose and for the prices beside it; two minutes later it is free again.
    ring: { maxEvents: 20_000, maxBytes: 64 * 1024 * 1024, maxAge: 120_000 },
  })
  const market = createMarket({ seed })
  const app = createApp({ hub, market, node: null, page: 'server', restartLog: () => log.restart() })
  app.use('/slow', slowRoutes(hub, market))
  return { app, hub, market }
}

/** One of several nodes, without its socket. */
export interface StocksNode {
  readonly app: Express
  readonly hub: Hub<StockEvents>
}

/** What makes a node. */
export interface NodeOptions {
  readonly identity: NodeIdentity
  /** The log that all nodes share; its ticks are published elsewhere. */
  readonly log: EventLog
  readonly seed: number
  /** Loses the log, for all nodes. */
  readonly restartLog: () => Promise<void>
}

/** Makes one of several nodes: what it knows of the market is what stands in the log. */
export function createNode({ identity, log, seed, restartLog }: NodeOptions): StocksNode {
  const market = createMarketView({ seed })
  const watched = watchedLog(log, ({ event, data }) => {
    if (event === 'price') market.take(priceOf(data))
  })
  const hub = createHub<StockEvents>({ ...hubOptions(`stocks, ${identity.name}`), log: watched })
  return { app: createApp({ hub, market, node: identity, page: 'node', restartLog }), hub }
}

interface Parts {
  readonly hub: Hub<StockEvents>
  readonly market: MarketState
  readonly node: NodeIdentity | null
  readonly page: PageOf
  readonly restartLog: () => Promise<void>
}

function createApp({ hub, market, node, page, restartLog }: Parts): Express {
  // One description for all clients: when many come at once, they share one snapshot.
  const prices = hub.subscribe('stocks/*', { snapshot: ({ reason }) => snapshotOf(market, reason) })

  const app = express()
  app.disable('x-powered-by')
  app.use(sse({ hub }))
  app.use(servePage(page))

  app.get('/events', withClient, (_req, res) => {
    res.sse(
      async (stream) => {
        const opened: Opened = { n: market.n, resumedFrom: stream.lastEventId ?? null, node }
        // Awaited, so that it comes before everything else.
        await stream.send({ event: 'opened', data: opened })
        return prices
      },
      { principal: clientOf(res) },
    )
  })

  app.post('/drop', sameOrigin, withClient, (_req, res) => {
    res.json({ dropped: hub.disconnect({ principal: clientOf(res) }) })
  })

  app.post('/restart-log', sameOrigin, async (_req, res) => {
    await restartLog()
    res.status(204).end()
  })

  app.get('/stats', (_req, res) => {
    res.json(hub.stats())
  })

  app.get('/health', async (_req, res) => {
    const { ok, error } = await hub.health()
    res.status(ok ? 200 : 503).json({ ok, error: error instanceof Error ? error.message : undefined })
  })

  return app
}

/** A reader that stops reading: in one process, since its megabytes would otherwise go through the log to every node. */
function slowRoutes(hub: Hub<StockEvents>, { listings }: MarketState): Router {
  const slowLane = createSlowLane(hub, listings)
  const router = Router()

  router.get('/', withClient, (_req, res) => {
    res.sse((stream) => slowLane.open(clientOf(res), stream.closed), { principal: clientOf(res) })
  })

  router.get('/status', withClient, (_req, res) => {
    sendOr404(res, slowLane.status(clientOf(res)))
  })

  router.post('/publish', sameOrigin, withClient, async (req, res) => {
    sendOr404(res, await slowLane.publish(clientOf(res), req.query.batch === 'small' ? 'small' : 'padded'))
  })

  return router
}

function hubOptions(name: string): HubOptions {
  return {
    retry: { min: 1_000, max: 2_000 },
    onError(error, { stage }) {
      // Whoever restarted it knows, and every client is told by a gap.
      if (error instanceof LogRestarted) return
      // Of what an engine does, the message says all.
      console.error(`${name}: ${stage}:`, error instanceof SseError ? error.message : error)
    },
  }
}

function priceOf(data: string): Price {
  return JSON.parse(data)
}

function sendOr404(res: Response, body: object | undefined): void {
  if (body === undefined) res.status(404).json({ error: 'This client reads no slow stream, or has had its share' })
  else res.json(body)
}
