import type { Engine } from '@sse/tooling/engines'
import { Redis } from 'ioredis'

/** Sends a command over a connection of its own, past all that is tested. */
export async function command(engine: Engine, ...args: readonly [string, ...(string | number)[]]): Promise<unknown> {
  const client = new Redis(engine.url, { retryStrategy: null, protocol: 2, lazyConnect: true })
  try {
    await client.connect()
    const [name, ...rest] = args
    return await client.call(name, rest)
  } finally {
    client.disconnect()
  }
}

/** Cuts all that is connected. */
export async function cutAll(engine: Engine): Promise<void> {
  await command(engine, 'CLIENT', 'KILL', 'TYPE', 'normal')
}
