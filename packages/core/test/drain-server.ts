import { once } from 'node:events'
import { createServer } from 'node:http'
import { createHub } from '../src/index.ts'
import { drainOnSignal, eventStream } from '../src/node.ts'

// A server for tests that ends when it is told to: `/` is a hub's stream, `/finite` one that ends after its last event.
const hub = createHub({ heartbeat: false })
const server = createServer(async (req, res) => {
  if (req.url === '/plain') return void res.end('plain')
  if (req.url === '/finite') return void (await eventStream(req, res, finite(), { hub }))
  await eventStream(req, res, hub.subscribe('a'))
})
drainOnSignal(server, hub, { drain: Number(process.env.DRAIN) })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (typeof address === 'object' && address !== null) console.log(`http://127.0.0.1:${address.port}/`)

async function* finite(): AsyncGenerator<string> {
  yield 'first'
  await once(process, 'SIGTERM')
  yield 'last'
}
