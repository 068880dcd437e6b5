import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { drainOnSignal } from '@sse/core/node'
import { createTokens } from './app.ts'

const DEFAULT_PORT = 3_000

const { app, close } = createTokens()
const server = serve({ fetch: app.fetch, port: portFrom(process.env.PORT) })
// Ends the answers and their streams, then the server. A demo is to end at once.
drainOnSignal(server, { close }, { signals: ['SIGINT', 'SIGTERM'], drain: 0 })
await once(server, 'listening')
console.log(`tokens ready on http://localhost:${portOf(server.address())} (the model is invented: it knows nothing)`)

/** Where it listens: with `PORT=0` the system chose. */
function portOf(address: ReturnType<typeof server.address>): number | string {
  return typeof address === 'object' && address !== null ? address.port : String(address)
}

function portFrom(text = ''): number {
  const port = text === '' ? DEFAULT_PORT : Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT must be a port, not ${text}`)
  return port
}
