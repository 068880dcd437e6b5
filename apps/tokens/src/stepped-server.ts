import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createTokens, type Tokens } from './app.ts'
import { createModel, type Model } from './model.ts'
import { type SteppedPace, steppedPace } from './stepped-pace.ts'

/** The demo on a socket, for tests: the model goes at the pace that they set. */
export interface SteppedServer {
  readonly tokens: Tokens
  readonly model: Model
  readonly pace: SteppedPace
  readonly server: Server
  readonly base: string
  stop(): Promise<void>
}

/** Starts the demo on a free port. */
export async function startStepped(): Promise<SteppedServer> {
  const pace = steppedPace()
  const model = createModel(() => pace.pace)
  const tokens = createTokens({ model })
  const server = createServer(getRequestListener(tokens.app.fetch)).listen(0)
  await once(server, 'listening')

  async function stop(): Promise<void> {
    server.close()
    await tokens.close()
    server.closeAllConnections()
  }

  return { tokens, model, pace, server, base: baseOf(server), stop }
}

function baseOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return `http://localhost:${address.port}`
}
