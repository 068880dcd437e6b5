import { createServer } from 'node:http'
import { createStocks } from './app.ts'
import { startFeed, warmUp } from './feed.ts'
import { listen, seed } from './settings.ts'

const { app, hub, market } = createStocks({ seed })
warmUp(market, Date.now())

const server = createServer(app)
const port = await listen(server)
const stopFeed = startFeed(hub, market)
console.log(`stocks ready on http://localhost:${port} (prices are a random walk with the seed ${seed})`)

process.once('SIGINT', stop)
process.once('SIGTERM', stop)

/** Ends the streams, then the server; with nothing left to do the process ends by itself. */
async function stop(): Promise<void> {
  stopFeed()
  server.close()
  await hub.close()
  server.closeIdleConnections()
}
