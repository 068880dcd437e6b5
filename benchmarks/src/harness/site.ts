import { engineOf, type SubjectName } from '../engines/registry.ts'
import type { EngineNodeMethods } from '../processes/engine-node.ts'
import type { StopwatchMethods } from '../processes/stopwatch.ts'
import { Engine, type EngineState } from './engine.ts'
import { Worker } from './worker.ts'

/** A process that uses an engine. */
export type EngineNode = Worker<EngineNodeMethods>

/** What a phase cost, in µs. */
export interface EngineCost {
  /** CPU time of the node's process, user and system. */
  readonly cpu: number
  /** CPU time of the engine's process; `NaN` where nobody knows. */
  readonly engineCpu: number
}

/** A fresh engine, and fresh processes that use it. */
export class Site implements AsyncDisposable {
  readonly #subject: SubjectName
  readonly #engine: Engine
  readonly #cleanUp: AsyncDisposableStack

  private constructor(subject: SubjectName, engine: Engine, cleanUp: AsyncDisposableStack) {
    this.#subject = subject
    this.#engine = engine
    this.#cleanUp = cleanUp
  }

  static async open(subject: SubjectName): Promise<Site> {
    const cleanUp = new AsyncDisposableStack()
    const engine = cleanUp.use(await Engine.start(engineOf(subject)))
    return new Site(subject, engine, cleanUp)
  }

  /** Whether the log is in the memory of one process: others cannot use it. */
  get isOneProcess(): boolean {
    return engineOf(this.#subject) === 'memory'
  }

  /**
   * A process, connected to the engine.
   *
   * @param retained about how many events the engine is to keep.
   * @param subject whoever is measured, unless it is another's task.
   */
  async node(retained: number, subject = this.#subject): Promise<EngineNode> {
    const file = new URL('../processes/engine-node.ts', import.meta.url)
    const node = this.#cleanUp.use(new Worker<EngineNodeMethods>(file, subject, [subject]))
    await node.call('connect', { url: this.#engine.url, retained })
    return node
  }

  /** A process with this many clients of a server. */
  async clients(port: number, count: number): Promise<Worker<StopwatchMethods>> {
    const file = new URL('../processes/stopwatch.ts', import.meta.url)
    const clients = this.#cleanUp.use(new Worker<StopwatchMethods>(file, 'clients'))
    await clients.call('connect', { port, count })
    return clients
  }

  /** What `work` costs a node, and the engine. */
  async cost(node: EngineNode, work: () => Promise<void>): Promise<EngineCost> {
    await node.call('startCpu')
    const engineCpu = this.#engine.cpu()
    await work()
    const { user, system } = await node.call('stopCpu')
    return { cpu: user + system, engineCpu: this.#engine.cpu() - engineCpu }
  }

  /** CPU time that the engine has used so far, in µs; `NaN` where nobody knows. */
  engineCpu(): number {
    return this.#engine.cpu()
  }

  /** What the engine says of itself. */
  engineState(): Promise<EngineState> {
    return this.#engine.state()
  }

  /** Ends the processes, then the engine. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync()
  }
}
