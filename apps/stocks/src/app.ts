import { createHub, type Hub } from '@sse/core'
import { sse } from '@sse/express'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Opened, StockEvents } from './events.ts'
import { createMarket, type Market } from './market.ts'
import { servePage } from './page.ts'
import { LogRestarted, restartableLog } from './restartable-log.ts'
import { createSlowLane } from './slow-lane.ts'
import { snapshotOf } from './snapshot.ts'

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
    log,
    // Room for one tab that is slow on purpose and for the prices beside it; two minutes later it is free again.
    ring: { maxEvents: 20_000, maxBytes: 64 * 1024 * 1024, maxAge: 120_000 },
    retry: { min: 1_000, max: 2_000 },
    onError(error, { stage }) {
      // Whoever restarted it knows, and every client is told by a gap.
      if (!(error instanceof LogRestarted)) console.error(`stocks: ${stage}:`, error)
    },
  })
  const market = createMarket({ seed })
  const slowLane = createSlowLane(hub, market.listings)
  // One description for all clients: when many come at once, they share one snapshot.
  const prices = hub.subscribe('stocks/*', { snapshot: ({ reason }) => snapshotOf(market, reason) })

  const app = express()
  app.disable('x-powered-by')
  app.use(sse({ hub }))
  app.use(servePage())

  app.get('/events', withClient, (_req, res) => {
    res.sse(
      async (stream) => {
        const opened: Opened = { n: market.n, resumedFrom: stream.lastEventId ?? null }
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

  app.get('/slow', withClient, (_req, res) => {
    res.sse((stream) => slowLane.open(clientOf(res), stream.closed), { principal: clientOf(res) })
  })

  app.get('/slow/status', withClient, (_req, res) => {
    sendOr404(res, slowLane.status(clientOf(res)))
  })

  app.post('/slow/publish', sameOrigin, withClient, async (req, res) => {
    sendOr404(res, await slowLane.publish(clientOf(res), req.query.batch === 'small' ? 'small' : 'padded'))
  })

  app.post('/restart-log', sameOrigin, async (_req, res) => {
    await log.restart()
    res.status(204).end()
  })

  app.get('/stats', (_req, res) => {
    res.json(hub.stats())
  })

  return { app, hub, market }
}

/**
 * Reads who is asking: `client` is a random id that a page draws and shows to nobody, so that whoever has it may act for
 * that page, and for no other.
 */
function withClient(req: Request, res: Response, next: NextFunction): void {
  const { client } = req.query
  if (typeof client !== 'string' || !/^[0-9a-f]{32}$/.test(client)) {
    res.status(400).json({ error: '`client` must be 32 hexadecimal digits' })
    return
  }
  res.locals.client = client
  next()
}

function clientOf(res: Response): string {
  return String(res.locals.client)
}

/** Keeps other sites from pressing the buttons through a visitor's browser. */
function sameOrigin(req: Request, res: Response, next: NextFunction): void {
  const site = req.get('Sec-Fetch-Site')
  if (site === undefined || site === 'same-origin') {
    next()
    return
  }
  res.status(403).json({ error: 'Only this page may ask for that' })
}

function sendOr404(res: Response, body: object | undefined): void {
  if (body === undefined) res.status(404).json({ error: 'This client reads no slow stream, or has had its share' })
  else res.json(body)
}
