import { type Line, openConnection } from './connection.ts'
import type { RedisEndpoint } from './endpoint.ts'

/** What tells a client of ioredis 5 or 6 from its clusters. */
export interface IoredisClient {
  readonly status: string
  readonly mode: string
  duplicate(): unknown
}

/** What we use of one. */
interface Ioredis extends IoredisClient {
  readonly options: IoredisOptions
  duplicate(override?: object): Ioredis
  connect(): Promise<unknown>
  call(command: string, args: readonly string[]): Promise<unknown>
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown
  disconnect(): void
}

interface IoredisOptions {
  readonly host?: string
  readonly port?: number
  readonly path?: string | null
  readonly keyPrefix?: string
  readonly sentinels?: readonly { readonly host?: string; readonly port?: number }[] | null
  /** Of the master that the sentinels are asked for. */
  readonly name?: string | null
}

/** Whether something is a client of ioredis, of the kind that has one connection. */
export function isIoredis(client: unknown): client is Ioredis {
  return (
    typeof client === 'object' &&
    client !== null &&
    'mode' in client &&
    'options' in client &&
    'call' in client &&
    'duplicate' in client &&
    typeof client.duplicate === 'function'
  )
}

/** Connects as a client of ioredis does: with its TLS, authentication, database, socket and sentinels. */
export function ioredisEndpoint(client: Ioredis): RedisEndpoint {
  return {
    name: nameOf(client.options),
    keyPrefix: client.options.keyPrefix ?? '',
    connect: async (timeout, signal) => openConnection(new IoredisLine(client), timeout, signal),
  }
}

function nameOf({ host = 'localhost', port = 6379, path, sentinels, name }: IoredisOptions): string {
  if (sentinels) return `${name} (of the sentinels ${sentinels.map((one) => `${one.host}:${one.port}`).join(', ')})`
  if (path) return path
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A duplicate that does what it is told, once, and hands on replies as they come. */
class IoredisLine implements Line {
  readonly #client: Ioredis

  constructor(client: Ioredis) {
    this.#client = client.duplicate({
      lazyConnect: true,
      retryStrategy: null,
      reconnectOnError: null,
      sentinelRetryStrategy: null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: null,
      // It asks INFO whether the data is loaded, which not everybody may. Sentinel needs it: it also tells a master.
      ...(client.options.sentinels ? undefined : { enableReadyCheck: false }),
      // Sockets that nobody answers are cut at once.
      disconnectTimeout: 0,
      commandTimeout: undefined,
      socketTimeout: undefined,
      blockingTimeout: undefined,
      enableAutoPipelining: false,
      keyPrefix: '',
      protocol: 2,
      replyMapping: 'legacy',
      stringNumbers: false,
      himportFieldsets: undefined,
      monitor: false,
    })
  }

  connect(): Promise<unknown> {
    return this.#client.connect()
  }

  send([command = '', ...args]: readonly string[]): Promise<unknown> {
    // What the library or the application makes of replies and arguments is found by the name in lower case.
    return this.#client.call(command.toUpperCase(), args)
  }

  onEnd(listener: (reason: unknown) => void): void {
    this.#client.on('error', listener)
    this.#client.on('end', () => listener(new Error('the connection was closed')))
  }

  destroy(): void {
    this.#client.disconnect()
  }
}
