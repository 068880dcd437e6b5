import { once } from 'node:events'
import type { Server } from 'node:http'

const DEFAULT_SEED = 20_261_122
const DEFAULT_PORT = 3_000

/** `SEED`: decides every price. */
export const seed = integerFrom('SEED', DEFAULT_SEED)

/** Lets a server listen on `PORT`, of which 0 lets the system choose; answers on which port it does. */
export async function listen(server: Server): Promise<number> {
  const listening = once(server, 'listening')
  server.listen(integerFrom('PORT', DEFAULT_PORT))
  await listening
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return address.port
}

/** A whole number from the environment; `fallback` where it is not set. */
export function integerFrom(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not ${text}`)
  return value
}
