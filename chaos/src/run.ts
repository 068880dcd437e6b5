import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Engine } from '@sse/tooling/engines'
import type { BrokenName } from './broken-log.ts'
import { check, type Violation } from './check.ts'
import { Client } from './client.ts'
import { perform, type Stage } from './faults.ts'
import { type History, isChosen, placeOf } from './history.ts'
import type { LogServer } from './log-server.ts'
import { Node } from './node.ts'
import { drawPlan, type EngineName, type Fault, type Plan, type PlanWishes, type Step, TOPICS } from './plan.ts'
import { startLogServer } from './start-log-server.ts'
import { Tale } from './tale.ts'

/** How long it may take until all is quiet and everybody has everything, in milliseconds, unless told otherwise. */
const PATIENCE = 10_000

/**
 * How long after a reset publishes may be answered with an id of the epoch before, in milliseconds. What Redis answers says
 * the epoch. What NATS answers does not say of which stream it is: a node finds out when it looks, or wakes.
 */
const NOTICING: Readonly<Record<EngineName, number>> = { redis: 0, nats: 2_500 }

/** The most that a run may take, in milliseconds. */
const LIMIT = 55_000

/** How long after a rejection it is tried again, in milliseconds. */
const RETRY = 50

/** How to run a seed. */
export interface RunOptions {
  readonly engine: EngineName
  /** How all nodes are broken. */
  readonly broken?: BrokenName | undefined
  /** What it is to have that its seed may not give it. */
  readonly wishes?: PlanWishes | undefined
  /** How long all may take to come to rest, in milliseconds: what has not come then is a violation. */
  readonly patience?: number | undefined
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined
}

/** A run that has ended. */
export interface Run {
  readonly plan: Plan
  readonly history: History
  readonly violations: readonly Violation[]
  /** How many publishes were answered with an id of the epoch before, soon after it was over. */
  readonly late: number
  /** What was done to it, in order. */
  readonly faults: readonly Fault[]
  /** What happened, line by line. */
  readonly tale: readonly string[]
}

/**
 * Runs a seed: starts an engine, nodes and clients, does to them what the plan says, lets all come to rest, and holds what
 * was seen against what was accepted. Whatever it started has ended when it resolves.
 */
export async function runSeed(seed: number, options: RunOptions): Promise<Run> {
  const plan = drawPlan(seed, options.engine, options.wishes)
  await using scene = new Scene(plan, options)
  try {
    await unlessAborted(scene.play(), [AbortSignal.timeout(LIMIT), ...(options.signal ? [options.signal] : [])])
  } catch (error) {
    options.signal?.throwIfAborted()
    throw scene.explain(error)
  }
  return scene.result()
}

class Scene implements AsyncDisposable {
  readonly #plan: Plan
  readonly #options: RunOptions
  readonly #history: History
  readonly #tale: Tale
  readonly #violations: Violation[] = []
  readonly #faults: Fault[] = []
  readonly #cleanUp = new AsyncDisposableStack()
  readonly #ending = new AbortController()
  readonly #began = performance.now()
  #server: LogServer | undefined
  #nodes: Node[] = []
  #clients: Client[] = []
  /** Those of a node come one after the other, and those of the engine. */
  readonly #chains = new Map<number | 'engine', Promise<void>>()

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan
    this.#options = options
    const { ring, engine } = plan
    const noticing = NOTICING[engine]
    this.#history = { ring, noticing, publishes: [], trails: [], resets: [], trims: [], finals: [], heads: new Map() }
    this.#tale = new Tale(() => this.#now())
  }

  async play(): Promise<void> {
    const stage = await this.#build()
    const began = this.#now()
    const { signal } = this.#ending
    for (const step of this.#plan.steps) {
      await pause(Math.max(0, began + step.at - this.#now()), undefined, { signal })
      this.#do(step, stage)
    }
    await this.#comeToRest(stage)
  }

  result(): Run {
    const { violations: found, late } = check(this.#history)
    const violations = [...this.#violations, ...found]
    return {
      plan: this.#plan,
      history: this.#history,
      violations,
      late,
      faults: this.#faults,
      tale: [...this.#tale.lines, ...this.#tale.seen(this.#history, violations)],
    }
  }

  /** A run that could not be played to its end, with what led to that. */
  explain(cause: unknown): Error {
    const said = this.#server === undefined ? '' : lastWords(this.#server.engine)
    return new Error(['The run broke off:', String(cause), ...this.#tale.lines, said].join('\n'), { cause })
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
      broken: this.#options.broken,
    }
    for (let index = 0; index < nodes; index++) {
      const node = await Node.create(`node ${index}`, settings, this.#listener)
      if (signal.aborted) await node[Symbol.asyncDispose]()
      signal.throwIfAborted()
      this.#nodes.push(this.#cleanUp.use(node))
    }
    await Promise.all(this.#nodes.map((node) => node.start()))
    signal.throwIfAborted()
    this.#tale.tell(`${nodes} nodes follow ${engine}`)
    const portOf = (node: number): number | undefined => this.#nodes[node]?.port
    for (const [index, client] of clients.entries()) {
      const options = { ...client, name: `client ${index}`, nodes, portOf, now: () => this.#now() }
      this.#clients.push(this.#cleanUp.use(new Client(options, index % nodes)))
    }
    this.#history.trails.push(...this.#clients.map(({ trail }) => trail))
    return {
      server,
      nodes: this.#nodes,
      history: this.#history,
      plan: this.#plan,
      signal,
      now: () => this.#now(),
    }
  }

  readonly #listener = {
    published: ({ serial, id, error }: { serial: number; id?: string; error?: string }): void => {
      const publish = this.#history.publishes[serial]
      if (publish === undefined) return
      publish.settledAt = this.#now()
      if (id === undefined) publish.error = error ?? 'rejected'
      else publish.id = id
    },
    ended: (publisher: string): void => {
      for (const publish of this.#history.publishes) {
        if (publish.publisher === publisher && publish.id === undefined) publish.error ??= 'its process ended'
      }
    },
    error: (text: string, isExpected: boolean): void => {
      this.#tale.tell(text)
      if (!isExpected) this.#violations.push({ rule: 'crash', message: text })
    },
  }

  #do(step: Step, stage: Stage): void {
    if (step.act === 'publish') this.#publish(step.node, step.events)
    else if (step.act === 'hop') this.#clients[step.client]?.hop(step)
    else if (step.act === 'pause') this.#clients[step.client]?.pause(step.for)
    else this.#inflict(step.fault, stage)
  }

  /** Publishes on a node, or the next that is there, and answers the serials. */
  #publish(index: number, events: readonly { readonly topic: string; readonly size: number }[]): number[] {
    const { publishes } = this.#history
    const order = this.#nodes.map((_, offset) => this.#nodes[(index + offset) % this.#nodes.length])
    const node = order.find((candidate) => candidate?.port !== undefined)
    if (node === undefined) return []
    const numbered = events.map((event) => {
      const serial = publishes.length
      publishes.push({ ...event, serial, publisher: node.process, at: this.#now() })
      return { ...event, serial }
    })
    node.publish(numbered)
    return numbered.map(({ serial }) => serial)
  }

  #inflict(fault: Fault, stage: Stage): void {
    const chain = 'node' in fault ? fault.node : 'engine'
    const before = this.#chains.get(chain) ?? Promise.resolve()
    const done = before.then(async () => {
      this.#tale.tell(JSON.stringify(fault))
      try {
        await perform(fault, stage)
        this.#faults.push(fault)
      } catch (error) {
        // The log may be away, since an earlier fault took it; then nobody knows what was done.
        this.#tale.tell(`${fault.kind} failed: ${String(error)}`)
      }
      this.#tale.tell(`${fault.kind}: over`)
    })
    this.#chains.set(chain, done)
  }

  /** No more faults: everybody must get everything, wherever they are. */
  async #comeToRest({ server }: Stage): Promise<void> {
    await Promise.all(this.#chains.values())
    this.#tale.tell('all is quiet')
    for (let round = 0; round < 2; round++) {
      const finals = await this.#publishFinals()
      await this.#until(() => this.#haveReached(finals))
      // Who comes late to the first round may be told of a gap: nobody does to the second.
      if (round > 0) this.#history.finals.push(...finals)
      if (round > 0) break
      this.#tale.tell('everybody goes elsewhere')
      for (const [index, client] of this.#clients.entries()) {
        client.hop({ node: (index + 1) % this.#nodes.length, bytes: 0, away: 0 })
      }
    }
    await this.#until(() => this.#history.publishes.every(({ id, error }) => (id ?? error) !== undefined))
    await this.#until(async () => {
      for (const node of this.#nodes) this.#history.heads.set(node.name, await node.head())
      return new Set(this.#history.heads.values()).size === 1
    })
    const epoch = [...this.#history.heads.values()][0]?.split('.')[0]
    if (epoch !== undefined) this.#history.log = await server.read(epoch)
  }

  /** Events that are accepted: one of each topic, and one of each node. */
  async #publishFinals(): Promise<number[]> {
    const finals: number[] = []
    const wanted = TOPICS.map((topic, index) => ({ topic, node: index % this.#nodes.length }))
    const deadline = this.#now() + (this.#options.patience ?? PATIENCE)
    while (wanted.length > 0 && this.#now() < deadline) {
      const asked = wanted
        .splice(0)
        .map((want) => ({ want, serials: this.#publish(want.node, [{ ...want, size: 0 }]) }))
      const publishes = asked.flatMap(({ want, serials }) =>
        serials.map((serial) => ({ want, publish: this.#history.publishes[serial] })),
      )
      await this.#until(() => publishes.every(({ publish }) => (publish?.id ?? publish?.error) !== undefined))
      for (const { want, publish } of publishes) {
        if (publish?.id === undefined) wanted.push(want)
        else finals.push(publish.serial)
      }
      if (wanted.length > 0) await pause(RETRY)
    }
    for (const { topic, node } of wanted) {
      this.#violations.push({ rule: 'stall', message: `node ${node} cannot publish to ${topic}, though all is quiet` })
    }
    return finals
  }

  #haveReached(serials: readonly number[]): boolean {
    return this.#clients.every(({ trail: { topics, seen } }) => {
      const last = seen.findLast((sight) => sight.kind !== 'request')
      const at = placeOf(last === undefined ? '' : last.kind === 'gap' ? last.to : last.id)
      return serials.every((serial) => {
        const { topic = '', id = '' } = this.#history.publishes[serial] ?? {}
        const place = placeOf(id)
        const isThere = at !== undefined && at.epoch === place?.epoch && at.position >= place.position
        return isThere || !isChosen(topic, topics)
      })
    })
  }

  /** Waits for a condition, but not for ever: the check says what is missing. */
  async #until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = this.#now() + (this.#options.patience ?? PATIENCE)
    while (!(await condition()) && this.#now() < deadline) {
      await pause(15, undefined, { signal: this.#ending.signal })
    }
  }

  #now(): number {
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

/** Rejects as soon as one of the signals aborts. */
async function unlessAborted(work: Promise<void>, signals: AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any(signals)
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  // What goes on after that fails as it may.
  work.catch(() => {})
  await Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}
