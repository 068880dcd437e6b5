import { createHub } from '@sse/core'
import { drainOnSignal } from '@sse/core/node'
import { serverCalled } from './server-called.ts'
import { sharedLog } from './shared-log.ts'

// A node of the drill, as one would run it: node drain-node.ts <server> <log's url> <window> <least retry> <most>,
// all in ms. Its first line is its port, its second, when it is told to end, how many clients do not read.
const [name = '', url = '', drain, min, max] = process.argv.slice(2)

// Who stalls is to be there still when it drains.
const retry = { min: Number(min), max: Number(max) }
const hub = createHub({ log: sharedLog(url), lag: 'skip', stallTimeout: 600_000, retry })
await hub.ready
const feed = hub.subscribe('feed')
const { server, port } = await serverCalled(name).start({
  hub,
  routes: [{ method: 'GET', path: '/feed', source: () => feed }],
})
process.once('SIGTERM', () => console.log(hub.stats().lagging))
drainOnSignal(server, hub, { drain: Number(drain) })
console.log(port)
