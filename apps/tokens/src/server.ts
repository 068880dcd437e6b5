import { once } from 'node:events'
import { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { createTokens } from './app.ts'

const DEFAULT_PORT = 3_000

const { app, close } = createTokens()
const server = serve({ fetch: app.fetch, port: portFrom(process.env.PORT) })
await once(server, 'listening')
console.log(`tokens ready on http://localhost:${portOf(server.address())} (the model is invented: it knows nothing)`)

process.once('SIGINT', stop)
process.once('SIGTERM', stop)

/** Ends the answers and their streams, then the server; with nothing left to do the process ends by itself. */
async function stop(): Promise<void> {
  server.close()
  await close()
  if (server instanceof Server) server.closeIdleConnections()
}

/** Where it listens: with `PORT=0` the system chose. */
function portOf(address: ReturnType<typeof server.address>): number | string {
  return typeof address === 'object' && address !== null ? address.port : String(address)
}

function portFrom(text = ''): number {
  const port = text === '' ? DEFAULT_PORT : Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT must be a port, not ${text}`)
  return port
}
