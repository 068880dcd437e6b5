import { SERVERS } from '../servers/all.ts'
import type { ServerKind } from '../servers/server.ts'

/** The way to serve a site that has this name. */
export function serverCalled(name: string): ServerKind {
  const found = SERVERS.find((kind) => kind.name === name)
  if (found === undefined) throw new Error(`${name} is none of ${SERVERS.map((kind) => kind.name).join(', ')}`)
  return found
}
