import { type Line, openConnection } from './connection.ts'
import type { RedisEndpoint } from './endpoint.ts'

/** What tells a client of node-redis 5 or 6 from its clusters, pools and sentinels. */
export interface NodeRedisClient {
  readonly isReady: boolean
  duplicate(): unknown
  ref(): void
  /** Version 4 has none. */
  destroy(): void
}

/** What we use of one. */
interface NodeRedis extends NodeRedisClient {
  readonly options?: NodeRedisOptions
  duplicate(overrides?: object): NodeRedis
  connect(): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
  on(event: 'connect' | 'error' | 'end', listener: (error?: unknown) => void): unknown
}

interface NodeRedisOptions {
  readonly keyPrefix?: string
  readonly socket?: {
    readonly host?: string
    readonly port?: number
    readonly path?: string
    readonly connectTimeout?: number
  }
}

/** Whether something is a client of node-redis, of the kind that has one connection. */
export function isNodeRedis(client: unknown): client is NodeRedis {
  return (
    typeof client === 'object' &&
    client !== null &&
    'isReady' in client &&
    'ref' in client &&
    'destroy' in client &&
    'sendCommand' in client &&
    'duplicate' in client &&
    typeof client.duplicate === 'function'
  )
}

/** Connects as a client of node-redis does: with its TLS, authentication, database and socket. */
export function nodeRedisEndpoint(client: NodeRedis): RedisEndpoint {
  const { host = 'localhost', port = 6379, path } = client.options?.socket ?? {}
  return {
    name: path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    keyPrefix: client.options?.keyPrefix ?? '',
    connect: async (timeout, signal) => openConnection(new NodeRedisLine(client, timeout), timeout, signal),
  }
}

/** A duplicate that does what it is told, once, and hands on replies as they come. */
class NodeRedisLine implements Line {
  readonly #client: NodeRedis
  /** It has a socket that is out of reach of `destroy()`. */
  #isConnecting = false
  #isDestroyed = false

  constructor(client: NodeRedis, timeout: number) {
    const socket = client.options?.socket
    this.#client = client.duplicate({
      socket: {
        ...socket,
        reconnectStrategy: false,
        // Nothing else ends a socket that is still connecting.
        connectTimeout: Math.min(socket?.connectTimeout ?? timeout, timeout),
        socketTimeout: undefined,
      },
      disableOfflineQueue: true,
      commandsQueueMaxLength: undefined,
      RESP: 2,
      // Version 6 has a timeout of its own where this says nothing.
      commandOptions: { timeout: undefined },
      pingInterval: undefined,
      clientSideCache: undefined,
      emitInvalidate: undefined,
      maintNotifications: 'disabled',
    })
  }

  async connect(): Promise<void> {
    const connected = (): void => {
      this.#isConnecting = false
      if (this.#isDestroyed) this.destroy()
    }
    this.#isConnecting = true
    this.#client.on('connect', connected)
    try {
      await this.#client.connect()
    } finally {
      connected()
    }
  }

  send(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(args)
  }

  onEnd(listener: (reason: unknown) => void): void {
    this.#client.on('error', listener)
    this.#client.on('end', () => listener(new Error('the connection was closed')))
  }

  destroy(): void {
    this.#isDestroyed = true
    if (this.#isConnecting) return
    try {
      this.#client.destroy()
    } catch {
      // Version 5 throws where nothing is open.
    }
  }
}
