import type { HubStats } from '@sse/core'
import type { SharedLogPlace } from '../shared-log.ts'
import type { Backend } from './balancer.ts'
import type { NodeStatus } from './status.ts'
import { Worker } from './worker.ts'

/** How often nodes are asked how they are, and how long they may take to answer, in milliseconds. */
const CHECK_INTERVAL = 1_000
const CHECK_TIMEOUT = 900

/** How long after its end the publisher is started again, in milliseconds. */
const REVIVAL_DELAY = 500

type Health = Pick<NodeStatus, 'stats' | 'log'>

/** Of one that has not been asked yet: it is up when it has read the log's tail. */
const UNKNOWN: Health = { stats: null, log: { ok: true } }

/** What makes a fleet. */
export interface FleetOptions {
  readonly place: SharedLogPlace
  readonly seed: number
  /** The ports of the nodes, one each; 0 for one that the system chooses. */
  readonly ports: readonly number[]
  readonly balancerPort: number
  /** Is told of every change, and of every check. */
  readonly onChange: () => void
}

/** The processes of the demo: nodes that serve streams, and one that publishes the ticks. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #nodes: readonly Worker[]
  readonly #publisher: Worker
  readonly #health = new Map<Worker, Health>()
  #checking: NodeJS.Timeout | undefined
  #isStopping = false

  constructor(options: FleetOptions) {
    const { place, seed, ports, balancerPort } = options
    this.#options = options
    const env = { LOG: place.engine, LOG_URL: place.url, LOG_NAME: place.name, SEED: String(seed) }
    this.#publisher = new Worker({ name: 'publisher', file: 'publisher.ts', env, onChange: () => this.#revive() })
    this.#nodes = ports.map((port, i) => {
      const name = `node ${i + 1}`
      const own = { NODE_NAME: name, PORT: String(port), BALANCER_PORT: String(balancerPort) }
      return new Worker({ name, file: 'node.ts', env: { ...env, ...own }, onChange: () => this.#changed() })
    })
  }

  /** Starts everything. Resolves when all of it is ready; rejects if something is not going to be. */
  async start(): Promise<void> {
    // The market has a past when the first node reads the log.
    await this.#publisher.start()
    if (this.#isStopping) throw new Error('It was stopped while it started')
    await Promise.all(this.#nodes.map((node) => node.start()))
    this.#checking = setInterval(() => void this.#check(), CHECK_INTERVAL)
    await this.#check()
  }

  /** Ends everything. Resolves when all of it is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#checking)
    await Promise.all([this.#publisher, ...this.#nodes].map((worker) => worker.stop()))
  }

  /** A node by its name. */
  find(name: string): Worker | undefined {
    return this.#nodes.find((node) => node.name === name)
  }

  /** The nodes that may be given requests: those that answer, or, where none does, all that run. */
  get backends(): readonly Backend[] {
    const up = this.#nodes.filter(({ state }) => state === 'up')
    const answering = up.filter((node) => this.#healthOf(node).stats !== null)
    return (answering.length > 0 ? answering : up).map(({ name, port }) => ({ name, port: port ?? 0 }))
  }

  /** How all nodes are, but for the pages. */
  get status(): readonly Omit<NodeStatus, 'pages'>[] {
    return this.#nodes.map((node) => {
      const { name, state, port, pid = null } = node
      return { name, state, port: port ?? 0, pid, ...this.#healthOf(node) }
    })
  }

  #healthOf(node: Worker): Health {
    return (node.state === 'up' ? this.#health.get(node) : undefined) ?? UNKNOWN
  }

  #changed(): void {
    this.#options.onChange()
    if (!this.#isStopping) void this.#check()
  }

  async #check(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.#checkOne(node)))
    this.#options.onChange()
  }

  async #checkOne(node: Worker): Promise<void> {
    if (node.state !== 'up') {
      this.#health.delete(node)
      return
    }
    try {
      const [stats, log] = await Promise.all([
        ask<HubStats>(`http://127.0.0.1:${node.port}/stats`),
        ask<NodeStatus['log']>(`http://127.0.0.1:${node.port}/health`),
      ])
      this.#health.set(node, { stats, log })
    } catch {
      this.#health.set(node, { stats: null, log: { ok: false, error: 'does not answer' } })
    }
  }

  /** Whoever ends the publisher ends no market: another goes on where the log ends. */
  #revive(): void {
    this.#options.onChange()
    if (this.#publisher.state !== 'down' || this.#checking === undefined) return
    setTimeout(() => {
      if (this.#isStopping) return
      this.#publisher.start().catch((error: unknown) => console.error('stocks:', error))
    }, REVIVAL_DELAY)
  }
}

/** Asks a node's own route, whose answer is of that type (`app.ts`). */
async function ask<Answer>(url: string): Promise<Answer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(CHECK_TIMEOUT) })
  return response.json() as Promise<Answer>
}
