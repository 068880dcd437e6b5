// Of the two engines' packages only those of the one in use are loaded: a node starts the sooner.
import type { ConnectionOptions } from '@nats-io/nats-core'
import type { EventLog } from '@sse/core'

/** Where several processes may keep the log that they share. */
export type EngineName = 'redis' | 'nats'

/** What tells one shared log from all others: every process of a run has the same. */
export interface SharedLogPlace {
  readonly engine: EngineName
  readonly url: string
  /** The key of the stream in Redis, or the stream's name in JetStream. */
  readonly name: string
}

/** Where the log of this run is, from `LOG`, `LOG_URL` and `LOG_NAME`. */
export function sharedLogPlace(env: NodeJS.ProcessEnv): SharedLogPlace {
  const { LOG: engine, LOG_URL: url, LOG_NAME: name } = env
  if (engine !== 'redis' && engine !== 'nats') throw new Error(`LOG must be redis or nats, not ${engine}`)
  if (url === undefined || url === '') throw new Error(`LOG_URL must say where ${engine} is`)
  if (name === undefined || name === '') throw new Error('LOG_NAME must name the log')
  return { engine, url, name }
}

/** The log, as every node follows it; a publish waits for an engine that is away, however long. */
export async function sharedLog({ engine, url, name }: SharedLogPlace): Promise<EventLog> {
  if (engine === 'redis') {
    const { redisLog } = await import('@sse/redis')
    return redisLog({ url, key: name, publishTimeout: false })
  }
  const { natsLog } = await import('@sse/nats')
  return natsLog({ servers: url, stream: name, publishTimeout: false })
}

/** Deletes the stream behind the backs of all who follow it, as somebody with a console might. */
export async function deleteStream({ engine, url, name }: SharedLogPlace): Promise<void> {
  if (engine === 'redis') await deleteKeys(url, [name])
  else await deleteJetStream(url, name)
}

/** Leaves nothing of the log in an engine that goes on without us, but what expires there within an hour. */
export async function removeLog({ engine, url, name }: SharedLogPlace): Promise<void> {
  if (engine === 'redis') await deleteKeys(url, [name, `{${name}}:log`])
  else await deleteJetStream(url, name)
}

async function deleteKeys(url: string, keys: readonly string[]): Promise<void> {
  const { createClient } = await import('redis')
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  // What goes wrong rejects the calls below.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.del([...keys])
  } finally {
    client.destroy()
  }
}

async function deleteJetStream(url: string, name: string): Promise<void> {
  const { connect } = await import('@nats-io/transport-node')
  const { jetstreamManager } = await import('@nats-io/jetstream')
  const connection = await connect(natsOptions(url))
  try {
    const manager = await jetstreamManager(connection)
    await manager.streams.delete(name)
  } finally {
    await connection.close()
  }
}

/** The client does not read a login from an address, as the log does. */
function natsOptions(url: string): ConnectionOptions {
  const { protocol, host, username, password } = new URL(url)
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)]
  const login = pass === '' ? { token: user } : { user, pass }
  return { servers: host, reconnect: false, ...(user !== '' && login), ...(protocol === 'tls:' && { tls: {} }) }
}
