import type { PeerName } from '../peers/registry.ts'
import type { ClientMethods, Clients, Received } from '../processes/client.ts'
import type { Publication, ServerMethods } from '../processes/server.ts'
import type { InstructionCounter } from './instructions.ts'
import { Worker } from './worker.ts'

/** What one phase cost. */
export interface Cost {
  /** CPU time of the server's process, user and system, in µs. */
  readonly cpu: number
  /** The part of it that was spent outside the kernel. */
  readonly userCpu: number
  /** CPU time of the load client's process, in µs. */
  readonly clientCpu: number
  /** Instructions of the server's process, where they can be counted. */
  readonly instructions: number | undefined
}

/** A fresh server process and a fresh load client for it. */
export class Pair implements AsyncDisposable {
  readonly #peer: PeerName
  readonly #counter: InstructionCounter | undefined
  readonly #server: Worker<ServerMethods>
  readonly #client: Worker<ClientMethods>

  constructor(peer: PeerName, counter?: InstructionCounter) {
    this.#peer = peer
    this.#counter = counter
    this.#server = new Worker<ServerMethods>(new URL('../processes/server.ts', import.meta.url), peer, [peer])
    this.#client = new Worker<ClientMethods>(new URL('../processes/client.ts', import.meta.url), `client of ${peer}`)
  }

  /** Opens clients; resolves when each has the head of its response. */
  async connect(clients: Omit<Clients, 'port'>): Promise<void> {
    await this.#client.call('connect', { ...clients, port: await this.#server.call('port') })
  }

  /** Closes all clients; resolves when the server has seen them leave. */
  async disconnect(): Promise<void> {
    await this.#client.call('disconnect')
    await this.#server.call('deserted')
  }

  /** Publishes, and resolves when that has been done. */
  publish(publication: Publication): Promise<void> {
    return this.#server.call('publish', publication)
  }

  /** Publishes one event of 100 bytes. */
  publishForId(): Promise<string> {
    return this.#server.call('publishForId', 100)
  }

  /** What the clients have got once `events` have come in all, or one was cut off. */
  receive(events: number): Promise<Received> {
    return this.#client.call('receive', events)
  }

  /**
   * Waits until each of `clients` has got exactly `events`: nobody is measured on a job half done.
   *
   * @throws if one got fewer or more.
   */
  async receiveAll(clients: number, events: number): Promise<void> {
    const { least, most, closed } = await this.receive(clients * events)
    if (least === events && most === events) return
    throw new Error(`${this.#peer}: clients got ${least} to ${most} of ${events} events, ${closed} were cut off`)
  }

  /** What `work` costs. */
  async cost(work: () => Promise<void>): Promise<Cost> {
    await this.#server.call('startCpu')
    await this.#client.call('startCpu')
    const counting = await this.#counter?.start(this.#server.pid)
    await work()
    const { user, system } = await this.#server.call('stopCpu')
    const client = await this.#client.call('stopCpu')
    return {
      cpu: user + system,
      userCpu: user,
      clientCpu: client.user + client.system,
      instructions: await counting?.stop(),
    }
  }

  /** The server's resident memory at rest, in bytes. */
  settledMemory(): Promise<number> {
    return this.#server.call('settledMemory')
  }

  /** The most memory the server has ever had resident, in bytes. */
  peakMemory(): Promise<number> {
    return this.#server.call('peakMemory')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#client[Symbol.asyncDispose]()])
  }
}
