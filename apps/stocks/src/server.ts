import { createServer } from 'node:http'
import { drainOnSignal } from '@sse/core/node'
import { createStocks } from './app.ts'
import { startFeed, warmUp } from './feed.ts'
import { listen, seed } from './settings.ts'

const { app, hub, market } = createStocks({ seed })
warmUp(market, Date.now())

const server = createServer(app)
// A demo is to end at once: its clients find nobody else to go to.
drainOnSignal(server, hub, { signals: ['SIGINT', 'SIGTERM'], drain: 0 })
const port = await listen(server)
const stopFeed = startFeed(hub, market)
process.once('SIGINT', stopFeed)
process.once('SIGTERM', stopFeed)
console.log(`stocks ready on http://localhost:${port} (prices are a random walk with the seed ${seed})`)
