// One server that is attacked, in a process of its own: whatever goes wrong in it is told to its parent.
import { createHub } from '@sse/core'
import { SERVERS } from '../servers/all.ts'
import type { Protocol } from '../servers/site.ts'
import type { Ask, Say, State } from './fuzz-control.ts'
import { fuzzRoutes, PlannedError, TOPICS } from './fuzz-routes.ts'

const [name, protocol] = process.argv.slice(2)
const complaints: string[] = []
const complain = (about: string, error: unknown): void => {
  if (complaints.length < 20) complaints.push(`${about}: ${error instanceof Error ? error.stack : String(error)}`)
}
process.on('uncaughtException', (error) => complain('uncaught exception', error))
process.on('unhandledRejection', (error) => complain('unhandled rejection', error))
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') complain('warning', warning)
})

const hub = createHub({
  ring: { maxEvents: 2_000 },
  heartbeat: 250,
  stallTimeout: 1_000,
  retry: 10,
  onError: (error, { stage }) => {
    if (!(error instanceof PlannedError)) complain(`onError, ${stage}`, error)
  },
})
const kind = SERVERS.find((server) => server.name === name)
if (kind === undefined) throw new Error(`no server is called ${name}`)
const site = fuzzRoutes(hub)
const running = await kind.start({ hub, routes: site.routes, protocol: protocol as Protocol })

let published = 0
setInterval(() => {
  const n = published++
  for (const of of TOPICS) void hub.publish(of, { data: { of, call: 0, n }, key: String(n % 5) })
}, 4)

process.on('message', async (ask: Ask) => {
  if (ask === 'collect') for (let i = 0; i < 3; i++) globalThis.gc?.()
  say({ say: 'state', ...(await state()) })
})
// It does not outlive the run.
process.on('disconnect', () => process.exit())
say({ say: 'listening', port: running.port })

async function state(): Promise<State> {
  const sockets = await new Promise<number>((resolve, reject) =>
    running.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
  const { heapUsed, external, rss } = process.memoryUsage()
  const { closed } = hub.stats()
  return {
    streams: hub.size,
    sources: site.running,
    sockets,
    heap: heapUsed + external,
    rss,
    published,
    complaints,
    closed,
  }
}

function say(what: Say): void {
  process.send?.(what)
}
