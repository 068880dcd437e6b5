import { Redis } from 'ioredis'

/** A Redis. */
interface Server {
  readonly url: string
}

/** Sends a command over a connection of its own, past all that is tested. */
export async function command(server: Server, ...args: readonly [string, ...(string | number)[]]): Promise<unknown> {
  const client = new Redis(server.url, { retryStrategy: null, protocol: 2, lazyConnect: true })
  try {
    await client.connect()
    const [name, ...rest] = args
    return await client.call(name, rest)
  } finally {
    client.disconnect()
  }
}

/** Cuts all that is connected. */
export async function cutAll(server: Server): Promise<void> {
  await command(server, 'CLIENT', 'KILL', 'TYPE', 'normal')
}
