import { SERVERS } from '../servers/all.ts'
import type { Protocol } from '../servers/site.ts'

/** A server that is attacked. */
export interface Fuzzed {
  readonly name: string
  readonly protocol: Protocol
}

/** Every server, over HTTP/1.1 and, where it can, over HTTP/2 without TLS. */
export const FUZZED: readonly Fuzzed[] = (['http1', 'h2c'] as const).flatMap((protocol) =>
  SERVERS.filter(({ protocols }) => protocols.includes(protocol)).map(({ name }) => ({ name, protocol })),
)

/** How it is called on the command line. */
export function nameOf({ name, protocol }: Fuzzed): string {
  return protocol === 'http1' ? name : `${name}-h2c`
}
