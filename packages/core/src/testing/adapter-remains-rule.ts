import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AdapterRule } from './adapter-opening-rules.ts'
import type { AdapterStage } from './adapter-stage.ts'

/** What stays of streams that have ended, in a process of Node's. */
export const REMAINS_RULES: readonly AdapterRule[] = [['leaves nothing behind of thousands of streams', leavesNothing]]

const DEFAULT_OPENS = 10_000
const MIB = 1024 * 1024
/** Clients at once. */
const AT_ONCE = 20
/** Whose clients go; of the first, which ends by itself, every client stays connected and asks again. */
const PATHS = ['/generator', '/hub', '/idle-generator', '/idle-function']

async function leavesNothing(stage: AdapterStage): Promise<void> {
  const { opens = DEFAULT_OPENS, collectGarbage = collect } = stage.harness
  const { server } = stage.server
  const sockets = socketsOf(server)
  const resources = resourcesOf()
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  try {
    await openAndClose(stage, agent, AT_ONCE * 10)
    const listeners = listenersOf(server, sockets)
    await openAndClose(stage, agent, opens / 2)
    const halfway = await bytesInUse(collectGarbage)
    await openAndClose(stage, agent, opens / 2)
    await untilNoMore(stage, listeners, () => listenersOf(server, sockets))
    const grown = (await bytesInUse(collectGarbage)) - halfway
    assert(grown < MIB, `${opens / 2} streams have left ${grown} bytes behind`)
  } finally {
    agent.destroy()
  }
  await untilNoMore(stage, resources, resourcesOf)
}

/** The sockets of a server that are open. */
function socketsOf(server: Server | undefined): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server?.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

async function openAndClose(stage: AdapterStage, agent: Agent, count: number): Promise<void> {
  let opened = 0
  const work = async (): Promise<void> => {
    while (opened < count) {
      const path = PATHS[opened++ % PATHS.length] ?? ''
      await (path === PATHS[0] ? readToTheEnd(stage.urlOf(path), agent) : comeAndGo(new URL(stage.urlOf(path))))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  await stage.untilSize(0)
}

async function readToTheEnd(url: string, agent: Agent): Promise<void> {
  const [response] = await once(get(url, { agent }), 'response')
  response.resume()
  await once(response, 'end')
}

/** Opens a stream, and goes when its first frame has come. */
function comeAndGo({ hostname, port, host, pathname }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      if (/\r\n\r\n.*\n\n/s.test(received)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (received.startsWith('HTTP/1.1 200 ')) resolve()
      else reject(new Error(`${pathname} answered ${JSON.stringify(received.slice(0, 200))}`))
    })
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  })
}

/** How many there are of each. */
type Counts = ReadonlyMap<string, number>

/** Waits until there is no more of anything than before: what a client has left takes a moment to be gone. */
async function untilNoMore(stage: AdapterStage, before: Counts, count: () => Counts): Promise<void> {
  const deadline = performance.now() + stage.timeout
  for (;;) {
    const grown = [...count()].filter(([name, times]) => times > (before.get(name) ?? 0))
    if (grown.length === 0) return
    if (performance.now() > deadline) {
      const shown = grown.map(([name, times]) => `${name}: ${before.get(name) ?? 0}, now ${times}`)
      assert.fail(`more than before of ${shown.join('; ')}`)
    }
    await nextTurn()
  }
}

/** What keeps this process alive, by kind. */
function resourcesOf(): Counts {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** The listeners of this process, of the server, and of whichever of its open sockets has most. */
function listenersOf(server: Server | undefined, sockets: ReadonlySet<Socket>): Counts {
  const counts = new Map<string, number>()
  const count = (what: string, emitter: EventEmitter | undefined): void => {
    for (const event of emitter?.eventNames() ?? []) {
      const name = `listeners to ${String(event)} of ${what}`
      counts.set(name, Math.max(counts.get(name) ?? 0, emitter?.listenerCount(event) ?? 0))
    }
  }
  count('the process', process)
  count('the server', server)
  for (const socket of sockets) count('a socket', socket)
  return counts
}

/** The least of what was in use in several looks: what has just ended is let go of in the turns after. */
async function bytesInUse(collectGarbage: () => void | Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < 8; look++) {
    await nextTurn()
    await collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
