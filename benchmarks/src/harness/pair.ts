import { setTimeout as sleep } from 'node:timers/promises'
import { microseconds } from '../payload.ts'
import type { Audience } from '../peers/peer.ts'
import type { PeerName } from '../peers/registry.ts'
import type { ClientMethods, Clients, Received } from '../processes/client.ts'
import type { Publication, ServerMethods } from '../processes/server.ts'
import type { Latencies, StopwatchMethods } from '../processes/stopwatch.ts'
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

/** So many events of so many bytes, so many a second. */
export interface Pace {
  readonly count: number
  readonly rate: number
  readonly bytes: number
}

/** A fresh server process and a fresh load client for it. */
export class Pair implements AsyncDisposable {
  readonly #peer: PeerName
  readonly #counter: InstructionCounter | undefined
  readonly #server: Worker<ServerMethods>
  readonly #client: Worker<ClientMethods>
  #stopwatch: Worker<StopwatchMethods> | undefined

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

  /**
   * Opens clients that read the head of their response, and then not a byte, on a socket of this machine's file system:
   * there the kernel holds 0.2 MB for each, and 4 MB over TCP, of which a thousand are more than it lets all have.
   */
  async connectStalled(clients: Pick<Clients, 'path' | 'count'>): Promise<void> {
    await this.#client.call('connect', { ...clients, port: await this.#server.call('listenLocally'), reads: 'never' })
  }

  /** Opens clients in a third process, which measures how long events take to them. */
  async connectTimed(count: number): Promise<void> {
    const file = new URL('../processes/stopwatch.ts', import.meta.url)
    this.#stopwatch = new Worker<StopwatchMethods>(file, `timed clients of ${this.#peer}`)
    await this.#stopwatch.call('connect', { port: await this.#server.call('port'), count })
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

  /**
   * Publishes at a pace that the server does not set: each event is asked for in time, whether or not the server is busy,
   * and dated by when it was asked for. Resolves when each timed client has had all of them.
   *
   * @throws if one got fewer or more.
   */
  async publishPaced({ count, rate, bytes }: Pace): Promise<void> {
    const received = this.#timed.call('receive', count)
    const start = performance.now()
    for (let n = 0; n < count; n++) {
      const wait = start + (n * 1_000) / rate - performance.now()
      if (wait > 0) await sleep(wait)
      this.#server.tell('publishDated', microseconds(), bytes)
    }
    const { least, most } = await received
    if (least === count && most === count) return
    throw new Error(`${this.#peer}: timed clients got ${least} to ${most} of ${count} events`)
  }

  /** How long events took to the timed clients since the last call. */
  latencies(): Promise<Latencies> {
    return this.#timed.call('latencies')
  }

  /** From now on OpenTelemetry measures the server. */
  instrument(): Promise<void> {
    return this.#server.call('instrument')
  }

  /** From now on it does not. */
  uninstrument(): Promise<void> {
    return this.#server.call('uninstrument')
  }

  /** Who is connected, where the server knows. */
  audience(): Promise<Audience> {
    return this.#server.call('audience')
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
    const processes = [this.#server, this.#client, this.#stopwatch]
    await Promise.all(processes.map((one) => one?.[Symbol.asyncDispose]()))
  }

  get #timed(): Worker<StopwatchMethods> {
    if (this.#stopwatch === undefined) throw new Error('no client was timed')
    return this.#stopwatch
  }
}
