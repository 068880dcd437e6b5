import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '@sse/tooling/random'
import { PRINCIPAL_HEADER } from '../servers/site.ts'
import { offer } from './remote.ts'

const [seed = ''] = process.argv.slice(2)

/** What a visit takes with it for the next. */
interface Visitor {
  readonly random: Random
  readonly paths: readonly string[]
  lastEventId: string | undefined
}

/** How a client may behave; each resolves when it has gone. */
const VISITS: readonly (readonly [(visit: Visit) => Promise<void>, number])[] = [
  [(visit) => visit.reads(1_500).then(() => visit.leave()), 6],
  [(visit) => visit.reads(100).then(() => visit.leave()), 6],
  [(visit) => visit.reads(300).then(() => visit.reset()), 4],
  [(visit) => visit.stalls(4_000).then(() => visit.reset()), 1],
  [(visit) => visit.readsSlowly(2_000).then(() => visit.leave()), 2],
  [(visit) => visit.readsToTheEnd(2_000), 2],
]

let isOver = false
let visits = 0
let running: Promise<unknown> = Promise.resolve()

const methods = {
  /** So many at a time come and go, until they are told to stop. */
  start(given: { port: number; count: number; paths: readonly string[] }): void {
    isOver = false
    running = Promise.all(
      Array.from({ length: given.count }, (_, n) =>
        comeAndGo(given.port, {
          random: new Random(Number(seed), n),
          paths: given.paths,
          lastEventId: undefined,
        }),
      ),
    )
  },

  /** Resolves with how many visits there were when all have gone. */
  async stop(): Promise<number> {
    isOver = true
    await running
    return visits
  },
}

/** The methods of the process with the clients. */
export type SoakCrowdOffer = typeof methods

async function comeAndGo(port: number, visitor: Visitor): Promise<void> {
  while (!isOver) {
    const visit = new Visit(port, visitor)
    visits++
    if (visitor.random.chance(0.05)) {
      await visit.asksByHalf()
      continue
    }
    visit.asks()
    await visitor.random.weighted(VISITS)(visit)
  }
}

/** One connection. */
class Visit {
  readonly #visitor: Visitor
  readonly #socket: Socket
  readonly #closed: Promise<void>

  constructor(port: number, visitor: Visitor) {
    this.#visitor = visitor
    this.#socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${visitor.random.int(2, 20)}` })
    this.#socket.on('error', () => {}).on('data', (bytes) => this.#take(bytes))
    this.#closed = new Promise((resolve) => void this.#socket.once('close', () => resolve()))
  }

  asks(): void {
    const { random } = this.#visitor
    if (random.chance(0.1)) this.#socket.write(this.#request('POST', '/chat'))
    else if (random.chance(0.03)) this.#socket.write(this.#request('HEAD', random.pick(this.#visitor.paths)))
    else this.#socket.write(this.#request('GET', random.pick(this.#visitor.paths)).repeat(random.chance(0.02) ? 2 : 1))
  }

  async asksByHalf(): Promise<void> {
    const { random, paths } = this.#visitor
    const request = this.#request('GET', random.pick(paths))
    this.#socket.write(request.slice(0, random.int(0, request.length - 1)))
    await this.#waits(500)
    if (random.chance(0.5)) await this.reset()
    else await this.leave()
  }

  reads(most: number): Promise<void> {
    return this.#waits(most)
  }

  async readsSlowly(most: number): Promise<void> {
    const until = performance.now() + this.#visitor.random.int(0, most)
    while (performance.now() < until && !this.#socket.destroyed) {
      this.#socket.pause()
      await pause(this.#visitor.random.int(5, 200))
      this.#socket.resume()
      await pause(2)
    }
  }

  async stalls(most: number): Promise<void> {
    await this.#waits(100)
    this.#socket.pause()
    await this.#waits(most)
  }

  async readsToTheEnd(most: number): Promise<void> {
    await Promise.race([this.#closed, pause(most)])
    await this.leave()
  }

  async leave(): Promise<void> {
    this.#socket.resume().end()
    await Promise.race([this.#closed, this.#waits(50)])
    this.#socket.destroy()
    await this.#closed
  }

  async reset(): Promise<void> {
    // One that is not connected would wait until it is, for a minute where a packet was lost.
    if (this.#socket.connecting) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    await this.#closed
  }

  async #waits(most: number): Promise<void> {
    await Promise.race([this.#closed, pause(this.#visitor.random.int(0, most))])
  }

  /** Remembers the last id, to come back with. */
  #take(bytes: Buffer): void {
    const at = bytes.lastIndexOf('\nid: ')
    const end = at < 0 ? -1 : bytes.indexOf('\n', at + 1)
    if (end > 0) this.#visitor.lastEventId = bytes.toString('latin1', at + 5, end)
  }

  #request(method: string, path: string): string {
    const { random, lastEventId } = this.#visitor
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Accept: text/event-stream']
    if (random.chance(0.5)) lines.push(`${PRINCIPAL_HEADER}: user-${random.int(0, 99)}`)
    const id = random.weighted([
      [lastEventId, 60],
      [undefined, 36],
      ['nonsense', 2],
      ['anotherepoch.17', 2],
    ] as const)
    if (id !== undefined) lines.push(`Last-Event-ID: ${id}`)
    if (method === 'POST') lines.push('Content-Length: 2', 'Content-Type: application/json', '', '{}')
    else lines.push('', '')
    return lines.join('\r\n')
  }
}

offer(methods)
