import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Engine } from '@sse/tooling/engines'
import type { BrokenName } from './broken-log.ts'
import type { Violation } from './check.ts'
import { Client } from './client.ts'
import { perform, type Stage } from './faults.ts'
import type { History } from './history.ts'
import type { LogServer } from './log-server.ts'
import { Node } from './node.ts'
import type { Draft, EngineName, Fault, Plan, Step } from './plan.ts'
import { startLogServer } from './start-log-server.ts'
import { Tale } from './tale.ts'

/**
 * How long after a reset publishes may be answered with an id of the epoch before, in milliseconds. What Redis answers says
 * the epoch. What NATS answers does not say of which stream it is: a node finds out when it looks, or wakes.
 */
const NOTICING: Readonly<Record<EngineName, number>> = { redis: 0, nats: 2_500 }

/** The engine, the nodes and the clients of a run, and all that is noted of them. What it has started ends with it. */
export class Scene implements AsyncDisposable {
  readonly history: History
  readonly tale: Tale
  readonly nodes: Node[] = []
  readonly clients: Client[] = []
  /** What was seen to be wrong while it was played. */
  readonly violations: Violation[] = []
  /** What was done to it, in order. */
  readonly faults: Fault[] = []
  readonly #plan: Plan
  readonly #broken: BrokenName | undefined
  readonly #cleanUp = new AsyncDisposableStack()
  readonly #ending = new AbortController()
  readonly #began = performance.now()
  #server: LogServer | undefined
  /** Those of a node come one after the other, and those of the engine. */
  readonly #chains = new Map<number | 'engine', Promise<void>>()

  constructor(plan: Plan, broken: BrokenName | undefined) {
    this.#plan = plan
    this.#broken = broken
    const { ring, engine } = plan
    const noticing = NOTICING[engine]
    this.history = { ring, noticing, publishes: [], trails: [], resets: [], trims: [], finals: [], heads: new Map() }
    this.tale = new Tale(() => this.now())
  }

  /** Starts everything, and does what the plan says. Resolves with the engine when the last fault is over. */
  async play(): Promise<LogServer> {
    const stage = await this.#build()
    const began = this.now()
    for (const step of this.#plan.steps) {
      await pause(Math.max(0, began + step.at - this.now()), undefined, { signal: this.signal })
      this.#do(step, stage)
    }
    await Promise.all(this.#chains.values())
    return stage.server
  }

  /** Aborts when the run is over. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  /** A run that could not be played to its end, with what led to that. */
  explain(cause: unknown): Error {
    const said = this.#server === undefined ? '' : lastWords(this.#server.engine)
    return new Error(['The run broke off:', String(cause), ...this.tale.lines, said].join('\n'), { cause })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('the run is over'))
    await this.#cleanUp.disposeAsync()
    // What was under way starts nothing any more.
    await Promise.all(this.#chains.values())
  }

  async #build(): Promise<Stage> {
    const { engine, nodes, clients, storage } = this.#plan
    const { signal } = this.#ending
    const server = await startLogServer(this.#plan)
    if (signal.aborted) await server.engine.stop()
    signal.throwIfAborted()
    this.#cleanUp.defer(() => server.engine.stop())
    this.#server = server
    const settings = {
      ...this.#plan,
      enginePort: server.engine.port,
      isInMemory: storage === 'memory',
      broken: this.#broken,
    }
    for (let index = 0; index < nodes; index++) {
      const node = await Node.create(`node ${index}`, settings, this.#listener)
      if (signal.aborted) await node[Symbol.asyncDispose]()
      signal.throwIfAborted()
      this.nodes.push(this.#cleanUp.use(node))
    }
    await Promise.all(this.nodes.map((node) => node.start()))
    signal.throwIfAborted()
    this.tale.tell(`${nodes} nodes follow ${engine}`)
    const portOf = (node: number): number | undefined => this.nodes[node]?.port
    for (const [index, client] of clients.entries()) {
      const options = { ...client, name: `client ${index}`, nodes, portOf, now: () => this.now() }
      this.clients.push(this.#cleanUp.use(new Client(options, index % nodes)))
    }
    this.history.trails.push(...this.clients.map(({ trail }) => trail))
    return {
      server,
      nodes: this.nodes,
      history: this.history,
      plan: this.#plan,
      signal,
      now: () => this.now(),
    }
  }

  readonly #listener = {
    published: ({ serial, id, error }: { serial: number; id?: string; error?: string }): void => {
      const publish = this.history.publishes[serial]
      if (publish === undefined) return
      publish.settledAt = this.now()
      if (id === undefined) publish.error = error ?? 'rejected'
      else publish.id = id
    },
    ended: (publisher: string): void => {
      for (const publish of this.history.publishes) {
        if (publish.publisher === publisher && publish.id === undefined) publish.error ??= 'its process ended'
      }
    },
    error: (text: string, isExpected: boolean): void => {
      this.tale.tell(text)
      if (!isExpected) this.violations.push({ rule: 'crash', message: text })
    },
  }

  #do(step: Step, stage: Stage): void {
    if (step.act === 'publish') this.publish(step.node, step.events)
    else if (step.act === 'hop') this.clients[step.client]?.hop(step)
    else if (step.act === 'pause') this.clients[step.client]?.pause(step.for)
    else this.#inflict(step.fault, stage)
  }

  /** Publishes on a node, or the next that is there, and answers the serials. */
  publish(index: number, events: readonly Draft[]): number[] {
    const { publishes } = this.history
    const order = this.nodes.map((_, offset) => this.nodes[(index + offset) % this.nodes.length])
    const node = order.find((candidate) => candidate?.port !== undefined)
    if (node === undefined) return []
    const numbered = events.map((event) => {
      const serial = publishes.length
      publishes.push({ ...event, serial, publisher: node.process, at: this.now() })
      return { ...event, serial }
    })
    node.publish(numbered)
    return numbered.map(({ serial }) => serial)
  }

  #inflict(fault: Fault, stage: Stage): void {
    const chain = 'node' in fault ? fault.node : 'engine'
    const before = this.#chains.get(chain) ?? Promise.resolve()
    const done = before.then(async () => {
      this.tale.tell(JSON.stringify(fault))
      try {
        await perform(fault, stage)
        this.faults.push(fault)
      } catch (error) {
        // The log may be away, since an earlier fault took it; then nobody knows what was done.
        this.tale.tell(`${fault.kind} failed: ${String(error)}`)
      }
      this.tale.tell(`${fault.kind}: over`)
    })
    this.#chains.set(chain, done)
  }

  /** The clock of the run, in milliseconds. */
  now(): number {
    return performance.now() - this.#began
  }
}

/** What an engine has written to its log. */
function lastWords({ directory }: Engine): string {
  try {
    return readFileSync(join(directory, 'said.txt'), 'utf8').slice(-3_000)
  } catch (error) {
    return String(error)
  }
}
