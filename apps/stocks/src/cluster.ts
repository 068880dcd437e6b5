// Several nodes with one log, behind a balancer: `LOG` and `LOG_URL` say where the log is, `NODE_PORTS` on which ports the
// nodes are. Everything else it starts itself, and ends with it.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Fleet } from './nodes/fleet.ts'
import { createFront } from './nodes/front.ts'
import { stopWithFleet } from './nodes/member.ts'
import { listen, seed } from './settings.ts'
import { removeLog, sharedLogPlace } from './shared-log.ts'

const ENGINES = { redis: 'Redis', nats: 'NATS JetStream' }

/** How long the engine may take to forget the log, in milliseconds. */
const REMOVAL_TIMEOUT = 2_000

// A log of its own for each run: what others keep in the engine is not touched.
const place = sharedLogPlace({ LOG_NAME: `stocks-${randomBytes(4).toString('hex')}`, ...process.env })
const server = createServer()
const balancerPort = await listen(server)
const fleet = new Fleet({ place, seed, ports: nodePorts(), balancerPort, onChange: () => front.tell() })
const front = createFront(fleet, place.engine)
server.on('request', front.app)

let isStopping = false
stopWithFleet(() => void stop(0))

try {
  await fleet.start()
  console.log(readyLines().join('\n'))
} catch (error) {
  if (!isStopping) {
    console.error(`stocks: ${error instanceof Error ? error.message : error}`)
    await stop(1)
  }
}

async function stop(code: number): Promise<void> {
  isStopping = true
  server.close()
  await fleet.stop()
  await front.close()
  server.closeAllConnections()
  // An engine that is gone by now keeps nothing, or has its own reasons.
  await Promise.race([removeLog(place).catch(() => {}), delay(REMOVAL_TIMEOUT)])
  process.exit(code)
}

function readyLines(): string[] {
  return [
    `stocks ready on http://localhost:${balancerPort} (prices are a random walk with the seed ${seed})`,
    `It leads to these nodes, which share one log in ${ENGINES[place.engine]}:`,
    ...fleet.status.map(({ name, port }) => `  ${name}  http://localhost:${port}`),
  ]
}

/** One for each node; 0 lets the system choose. */
function nodePorts(): number[] {
  const { NODE_PORTS: ports = '0,0,0' } = process.env
  return ports.split(',').map(Number)
}
