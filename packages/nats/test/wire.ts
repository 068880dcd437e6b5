import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What stands between a log and its server: it can cut, change what clients say, and swallow what the server does. */
export class Wire {
  /** Whether new connections are let through. */
  isOpen = true
  /** Whether what the server answers is thrown away. */
  isDeaf = false
  /** Changes what clients say, a packet at a time; lengths must stay. */
  edit: (said: string) => string = (said) => said
  /** The same for what the server says, where lengths may change, too. */
  editAnswer: (said: string) => string = (said) => said
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #hung = new WeakSet<Socket>()

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (!this.isOpen) {
        client.destroy()
        return
      }
      const server = connect(port, '127.0.0.1')
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.setNoDelay(true)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          server.destroy()
        })
      }
      client.on('data', (bytes) => {
        if (!this.#hung.has(client)) server.write(this.edit(bytes.toString('latin1')), 'latin1')
      })
      server.on('data', (bytes) => {
        if (!this.isDeaf && !this.#hung.has(client)) client.write(this.editAnswer(bytes.toString('latin1')), 'latin1')
      })
    })
  }

  /** To a port of the loopback interface; gone when the test has finished. */
  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port)
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    onTestFinished(() => wire.#close())
    return wire
  }

  get url(): string {
    // A listening server has an address with a port.
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How many connections there are. */
  get size(): number {
    return this.#sockets.size / 2
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Leaves all connections open, and lets nothing through on them any more. New ones are as they should be. */
  hang(): void {
    for (const socket of this.#sockets) this.#hung.add(socket)
  }

  #close(): void {
    this.#server.close()
    this.cut()
  }
}
