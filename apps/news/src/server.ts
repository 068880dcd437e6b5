import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { drainOnSignal } from '@sse/core/node'
import { createNews } from './app.ts'
import { publishArchive, startPress } from './press.ts'

const DEFAULT_SEED = 20_261_122
const DEFAULT_PORT = 3_000

const seed = integerFrom('SEED', DEFAULT_SEED)
const news = createNews({ seed })
await publishArchive(news, Date.now())

const server = createServer(news.app.callback())
// A demo is to end at once: its clients find nobody else to go to.
drainOnSignal(server, news.hub, { signals: ['SIGINT', 'SIGTERM'], drain: 0 })
const listening = once(server, 'listening')
server.listen(integerFrom('PORT', DEFAULT_PORT))
await listening
const stopPress = startPress(news)
process.once('SIGINT', stopPress)
process.once('SIGTERM', stopPress)
console.log(`news ready on http://localhost:${portOf(server)} (an invented newsroom with the seed ${seed})`)

/** Where it listens: with `PORT=0` the system chose. */
function portOf(server: Server): number | string {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : String(address)
}

function integerFrom(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not ${text}`)
  return value
}
