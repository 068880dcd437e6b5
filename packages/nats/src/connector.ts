import type { NatsConnection } from '@nats-io/nats-core'
import { SseError } from '@sse/core'
import { invalid } from '@sse/core/engine'
import type { NatsLogOptions } from './options.ts'

/** Where a log's connection comes from. */
export interface Connector {
  /** The application's own, if it gave one: it reconnects by itself, and is not closed here. */
  readonly given: NatsConnection | undefined
  /** Where NATS is, for messages. */
  readonly name: string
  /** Makes a connection for the log alone, or answers the one that was given. */
  connect(): Promise<NatsConnection>
}

/**
 * Chooses between `connection` and `servers`.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if it is neither of them, or both.
 */
export function connectorOf(
  { connection, servers }: Pick<NatsLogOptions, 'connection' | 'servers'>,
  stream: string,
  probeInterval: number,
): Connector {
  if ((connection === undefined) === (servers === undefined)) {
    throw new SseError('SSE_INVALID_FIELD', '`natsLog` takes `connection` or `servers`, one of them.')
  }
  if (servers !== undefined) return connectorTo(serverList(servers), stream, probeInterval)
  if (typeof connection === 'function') return { given: undefined, name: 'NATS', connect: connection }
  if (!isConnection(connection))
    throw invalid('connection', 'must be a connection to NATS, or a function that makes one')
  return { given: connection, name: 'NATS', connect: () => Promise.resolve(connection) }
}

function connectorTo(servers: readonly string[], stream: string, probeInterval: number): Connector {
  const places = servers.map(placeOf)
  const login = places.find(({ user }) => user !== '')
  const hosts = places.map(({ host }) => host)
  return {
    given: undefined,
    name: `NATS at ${hosts.join(', ')}`,
    async connect() {
      const { connect } = await loadTransport()
      return connect({
        servers: hosts,
        ...(login !== undefined &&
          (login.password === '' ? { token: login.user } : { user: login.user, pass: login.password })),
        ...(places.some(({ isSecure }) => isSecure) && { tls: {} }),
        name: `sse ${stream}`,
        // A connection that broke is replaced: what it had under way must not be sent by anybody but the log.
        reconnect: false,
        timeout: 2 * probeInterval,
        noAsyncTraces: true,
      })
    },
  }
}

async function loadTransport(): Promise<typeof import('./node-connect.ts')> {
  try {
    return await import('./node-connect.ts')
  } catch (cause) {
    const message = '`servers` needs the package `@nats-io/transport-node`: install it, or give natsLog a `connection`.'
    throw new SseError('SSE_LOG', message, { cause })
  }
}

function serverList(servers: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers]
  if (list.length > 0 && list.every((server) => typeof server === 'string' && isPlace(server))) return list.map(String)
  throw invalid('servers', 'must be one or more texts such as `nats://localhost:4222`')
}

const PLACE = /^(?:(nats|tls):\/\/)?(?:([^:@/\s]+)(?::([^@/\s]*))?@)?([^@/\s,]+)\/?$/

function isPlace(server: string): boolean {
  try {
    return PLACE.test(server) && placeOf(server).host !== ''
  } catch {
    // A `%` that encodes nothing.
    return false
  }
}

function placeOf(server: string): { isSecure: boolean; user: string; password: string; host: string } {
  const [, protocol, user = '', password = '', host = ''] = PLACE.exec(server) ?? []
  return { isSecure: protocol === 'tls', user: decodeURIComponent(user), password: decodeURIComponent(password), host }
}

function isConnection(connection: unknown): connection is NatsConnection {
  return typeof connection === 'object' && connection !== null && 'publish' in connection && 'status' in connection
}
