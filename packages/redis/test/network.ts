import { connect, type Socket } from 'node:net'
import { tcpServerForTest } from './tcp-server.ts'

/** One connection that goes through. */
interface Passage {
  readonly client: Socket
  readonly server: Socket
  isHeld: boolean
  isMute: boolean
  readonly held: Uint8Array[]
}

/** A network between clients and an engine, which can go wrong. */
export class Network {
  #port = 0
  readonly #engine: { readonly port: number }
  readonly #passages = new Set<Passage>()
  #isOpen = true

  private constructor(engine: { readonly port: number }) {
    this.#engine = engine
  }

  /** Starts one in front of an engine, until its test has finished. */
  static async start(engine: { readonly port: number }): Promise<Network> {
    const network = new Network(engine)
    const { port } = await tcpServerForTest((client) => network.#connect(client))
    network.#port = port
    return network
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  /** Cuts all that is connected. */
  cut(): void {
    for (const { client } of this.#passages) client.destroy()
  }

  /** Lets nobody through any more. */
  close(): void {
    this.#isOpen = false
    this.cut()
  }

  open(): void {
    this.#isOpen = true
  }

  /** What the clients of now send is under way for a while: answers when it may arrive, also after they have gone. */
  hold(): () => void {
    const passages = [...this.#passages]
    for (const passage of passages) passage.isHeld = true
    return () => {
      for (const passage of passages) {
        passage.isHeld = false
        for (const bytes of passage.held.splice(0)) passage.server.write(bytes)
        if (passage.client.destroyed) passage.server.end()
      }
    }
  }

  /** What the engine answers to the clients of now gets lost. */
  mute(): void {
    for (const passage of this.#passages) passage.isMute = true
  }

  #connect(client: Socket): void {
    if (!this.#isOpen) return void client.destroy()
    const server = connect(this.#engine.port, '127.0.0.1')
    const passage: Passage = { client, server, isHeld: false, isMute: false, held: [] }
    this.#passages.add(passage)
    client.on('data', (bytes) => (passage.isHeld ? passage.held.push(bytes) : server.write(bytes)))
    server.on('data', (bytes) => passage.isMute || client.write(bytes))
    client.on('close', () => {
      this.#passages.delete(passage)
      if (!passage.isHeld) server.destroy()
    })
    server.on('close', () => client.destroy()).on('error', () => {})
  }
}
