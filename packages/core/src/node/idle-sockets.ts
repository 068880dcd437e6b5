import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'

/** Any of Node's servers. */
export type AnyServer = Server | HttpsServer | Http2Server | Http2SecureServer

/** What Node keeps at a socket of HTTP/1.1: its parser, and the response that it is at; null after the first. */
interface WithResponse {
  readonly parser?: object | null
  readonly _httpMessage?: object | null
}

/**
 * The sockets of a server, from now on, of which those with nothing to do can be closed.
 *
 * `server.closeIdleConnections()`, which `server.close()` calls too, takes a response for done that was ended, and cuts clients which
 * are still taking the last of it.
 */
export class IdleSockets {
  readonly #server: AnyServer
  /** And what each had read when it was looked at last. */
  readonly #sockets = new Map<Socket, number>()

  constructor(server: AnyServer) {
    this.#server = server
    const sockets = this.#sockets
    function forget(this: Socket): void {
      sockets.delete(this)
    }
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
      sockets.set(socket, -1)
      socket.once('close', forget)
    })
  }

  /**
   * Closes the sockets that have had nothing to do since the last call.
   *
   * @param options `unused`: also those over which no request has come so far.
   */
  close({ unused }: { readonly unused: boolean }): void {
    for (const [socket, before] of this.#sockets) {
      this.#sockets.set(socket, socket.bytesRead)
      if (socket.bytesRead === before && hasNothingToDo(socket as WithResponse, unused)) socket.destroy()
    }
  }

  /** Lets the server listen no more, and cuts nobody. */
  stopListening(): void {
    const server = this.#server
    if ('closeIdleConnections' in server) server.closeIdleConnections = () => {}
    server.close()
  }
}

function hasNothingToDo(socket: WithResponse, unused: boolean): boolean {
  const { parser, _httpMessage: response } = socket
  // Without a parser it is none of HTTP/1.1.
  return parser != null && (response === null || (unused && response === undefined))
}
