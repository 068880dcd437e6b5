import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect as dial, type NodeConnectionOptions } from '@nats-io/transport-node'

/** What one attempt has opened, until it has ended. */
const attempt = new AsyncLocalStorage<{ sockets: Socket[] | undefined }>()

function note(message: unknown): void {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return
  if (message.socket instanceof Socket) attempt.getStore()?.sockets?.push(message.socket)
}

/**
 * Connects as the client of NATS does; but where a server takes the connection and then says nothing, as one that is frozen, the
 * client (3.4) leaves its socket open, for each attempt one, which would also keep the process from ending.
 */
export async function connect(options: NodeConnectionOptions): Promise<NatsConnection> {
  const opened: { sockets: Socket[] | undefined } = { sockets: [] }
  const noteHere = (message: unknown): void => note(message)
  subscribe('net.client.socket', noteHere)
  try {
    return await attempt.run(opened, () => dial(options))
  } catch (error) {
    for (const socket of opened.sockets ?? []) socket.destroy()
    throw error
  } finally {
    unsubscribe('net.client.socket', noteHere)
    // What is done on the connection later goes on in the context of the attempt.
    opened.sockets = undefined
  }
}
