import type { Server } from 'node:http'

const DEFAULT_SEED = 20_261_122
const DEFAULT_PORT = 3_000

/** `SEED`: decides every price. */
export const seed = integerFrom('SEED', DEFAULT_SEED)

/** `PORT`: where to listen; 0 lets the system choose. */
export const port = integerFrom('PORT', DEFAULT_PORT)

/** Where a server listens by now. */
export function portOf(server: Server): number {
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
