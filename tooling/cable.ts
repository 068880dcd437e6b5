import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between a node and its engine, so that what happens on the way can be made to happen. */
export class Cable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #losesAnswers = false
  #isDown = false

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens on a free port of the loopback interface, for connections to another. */
  static async to(port: number): Promise<Cable> {
    const server = createServer()
    const cable = new Cable(server)
    server.on('connection', (socket) => {
      if (cable.#isDown) socket.destroy()
      else cable.#join(socket, connect(port, '127.0.0.1'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return cable
  }

  get port(): number {
    // It listens on TCP.
    return (this.#server.address() as AddressInfo).port
  }

  /** Whether what the engine says is thrown away: what it was asked, it does. */
  set losesAnswers(value: boolean) {
    this.#losesAnswers = value
  }

  /** Cuts all connections. New ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Cuts all connections, and accepts no new ones until it is up again. */
  set isDown(value: boolean) {
    this.#isDown = value
    if (value) this.cut()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #join(node: Socket, engine: Socket): void {
    node.setNoDelay(true)
    engine.setNoDelay(true)
    this.#end(node, engine)
    this.#end(engine, node)
    node.pipe(engine)
    engine.on('data', (bytes) => {
      if (!this.#losesAnswers && !node.write(bytes)) engine.pause()
    })
    node.on('drain', () => engine.resume())
  }

  /** When one is gone, so is the other. */
  #end(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    // That they break is what this is for.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }
}
