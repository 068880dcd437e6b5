// One of several nodes: `LOG`, `LOG_URL` and `LOG_NAME` say where the log is, `NODE_NAME` what it
// is called, `BALANCER_PORT` what leads to all of them.
import { createServer } from 'node:http'
import { createNode } from './app.ts'
import { stopWithFleet, tellReady } from './nodes/member.ts'
import { integerFrom, listen, seed } from './settings.ts'
import { deleteStream, sharedLog, sharedLogPlace } from './shared-log.ts'

const place = sharedLogPlace(process.env)
const { app, hub } = createNode({
  identity: { name: process.env.NODE_NAME ?? 'node', balancerPort: integerFrom('BALANCER_PORT', 0) },
  log: await sharedLog(place),
  seed,
  restartLog: () => deleteStream(place),
})

const server = createServer(app)
stopWithFleet(stop)
await hub.ready
tellReady(await listen(server))

/** Ends the streams, then the server. */
async function stop(): Promise<void> {
  server.close()
  await hub.close()
  server.closeAllConnections()
  process.exit()
}
