import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { openFilesLimit } from '@sse/tooling/open-files'
import { Latencies } from './latencies.ts'
import { portsOfAnAddress } from './machine.ts'
import { type Remote, startRemote } from './remote.ts'
import type { ScaleCrowdOffer } from './scale-crowd.ts'
import type { Cost, ScaleServerOffer } from './scale-server.ts'
import { microseconds } from './stamp.ts'

/** Files that a process has open besides its connections, generously. */
const OTHER_FILES = 100

/** Connections to a server, and how much is published to them. */
export interface Load {
  /** One of `SERVERS`. */
  readonly server: string
  readonly connections: number
  /** Events per second, each to all clients. */
  readonly rate: number
  readonly seconds: number
  /** Of an event's data. */
  readonly bytes: number
}

/** What was measured. */
export interface Scaled extends Load {
  /** What kept it from opening more, if anything did. */
  readonly stoppedBy: string | undefined
  /** Of the server, in bytes. */
  readonly memoryPerConnection: number
  readonly opening: Cost
  readonly publishing: Cost
  readonly events: number
  /** From `publish` to a client's process, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  /** How long another request took meanwhile, in milliseconds. */
  readonly ping: { readonly p50: number; readonly p99: number; readonly max: number }
  /** CPU of all processes of clients, of one core, in milliseconds. */
  readonly clientCpu: number
  /** Events that did not come to somebody, or came twice. */
  readonly missing: number
}

/** How many connections can be open here, and what the limit is. */
export function mostConnections(): { readonly count: number; readonly limit: string } {
  const files = openFilesLimit() - OTHER_FILES
  if (Number.isFinite(files))
    return { count: files, limit: `open files: a process may have ${openFilesLimit()} (ulimit -Hn)` }
  return { count: 100_000, limit: 'none that is known: 100,000 are taken' }
}

/** Opens connections, publishes to them, and measures both. */
export async function runLoad(load: Load, told: (progress: string) => void): Promise<Scaled> {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(startRemote<ScaleServerOffer>(new URL('scale-server.ts', import.meta.url), [load.server]))
  const port = await server.call('port')
  const shares = sharesOf(load.connections)
  const crowds = shares.map(() => stack.use(startRemote<ScaleCrowdOffer>(new URL('scale-crowd.ts', import.meta.url))))

  // What is loaded and compiled with the first of all is nobody's memory in particular.
  await using warmUp = startRemote<ScaleCrowdOffer>(new URL('scale-crowd.ts', import.meta.url))
  await warmUp.call('open', { port, count: Math.min(100, load.connections), addresses: ['127.0.0.1'] })
  await warmUp[Symbol.asyncDispose]()
  while ((await server.call('size')) > 0) await pause(50)

  const before = await server.call('memory')
  await server.call('begin')
  const opened = await Promise.all(
    crowds.map((crowd, index) => crowd.call('open', { port, count: shares[index] ?? 0, addresses: addresses() })),
  )
  const opening = await server.call('cost')
  const connections = opened.reduce((sum, { open }) => sum + open, 0)
  told(`${connections} connections are open`)
  const memory = await server.call('memory')

  const stage: Stage = { server, crowds, port, open: opened.map(({ open }) => open) }
  // The first flushes to so many compile what they need.
  await publishAndReceive(stage, load, 5)
  const events = Math.max(1, Math.round(load.rate * load.seconds))
  const { publishing, received, pings } = await publishAndReceive(stage, load, events)
  const latencies = new Latencies()
  for (const one of received) latencies.addAll(new Latencies(one.latencies))
  return {
    ...load,
    connections,
    stoppedBy: opened.find(({ stoppedBy }) => stoppedBy !== undefined)?.stoppedBy,
    memoryPerConnection: (memory - before) / connections,
    opening,
    publishing,
    events,
    latency: figures(latencies),
    ping: figures(pings),
    clientCpu: received.reduce((sum, { cpu }) => sum + cpu, 0),
    missing: received.reduce(
      (sum, { least, most, cut }) => sum + Math.abs(events - least) + Math.abs(most - events) + cut,
      0,
    ),
  }
}

interface Stage {
  readonly server: Remote<ScaleServerOffer>
  readonly port: number
  readonly crowds: readonly Remote<ScaleCrowdOffer>[]
  /** How many connections each of these has. */
  readonly open: readonly number[]
}

async function publishAndReceive({ server, port, crowds, open }: Stage, { rate, bytes }: Load, events: number) {
  await Promise.all(crowds.map((crowd) => crowd.call('begin')))
  await server.call('begin')
  const pinging = ping(port)
  await server.call('publish', { events, rate, bytes })
  const received = await Promise.all(crowds.map((crowd, n) => crowd.call('receive', events * (open[n] ?? 0))))
  return { publishing: await server.call('cost'), received, pings: await pinging() }
}

/** Each process with clients may have so many files open, too. */
function sharesOf(connections: number): number[] {
  const most = openFilesLimit() - OTHER_FILES
  const processes = Math.max(1, Math.ceil(connections / most))
  return Array.from({ length: processes }, (_, n) => Math.floor((connections + n) / processes))
}

/** Loopback addresses enough for the ports of all connections that one process may have. */
function addresses(): string[] {
  const count = Math.min(250, Math.max(4, Math.ceil((2 * openFilesLimit()) / portsOfAnAddress())))
  return Array.from({ length: count }, (_, n) => `127.0.0.${2 + n}`)
}

function figures(latencies: Latencies): Scaled['latency'] {
  return { p50: latencies.within(0.5), p99: latencies.within(0.99), max: latencies.within(1) }
}

/** Asks something else of the server, again and again; the answer ends it, and tells how long that took. */
function ping(port: number): () => Promise<Latencies> {
  const latencies = new Latencies()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let isOver = false
  const done = (async () => {
    while (!isOver) {
      const began = microseconds()
      await new Promise<void>((resolve, reject) => {
        const request = get({ host: '127.0.0.1', port, path: '/ping', agent }, (response) => {
          response.resume().once('end', resolve)
        })
        request.once('error', reject)
      })
      latencies.add(microseconds() - began)
      await pause(10)
    }
    agent.destroy()
    return latencies
  })()
  return () => {
    isOver = true
    return done
  }
}
