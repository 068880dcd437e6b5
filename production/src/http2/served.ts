import type { Hub } from '@sse/core'
import { type Certificate, selfSigned } from '@sse/tooling/certificate'
import { onTestFinished } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import type { RunningServer, ServerKind } from '../servers/server.ts'
import type { Protocol, Route } from '../servers/site.ts'

/** A way to serve HTTP/2. */
export interface Http2Kind {
  /** Of the server and its protocol. */
  readonly name: string
  readonly protocol: Protocol
  readonly start: ServerKind['start']
}

/** Every server that can do HTTP/2, without TLS and with it. */
export const HTTP2_KINDS: readonly Http2Kind[] = SERVERS.flatMap(({ name, protocols, start }) =>
  protocols
    .filter((protocol) => protocol !== 'http1')
    .map((protocol) => ({ name: `${name} ${protocol}`, protocol, start })),
)

/** For conditions that a busy machine takes its time to fulfil, in milliseconds. */
export const PATIENTLY = { timeout: 20_000, interval: 5 }

/** One for all tests of a file: nobody is to trust it. */
let certificate: Certificate | undefined

export function tlsForTest(): Certificate {
  certificate ??= selfSigned()
  return certificate
}

/** Serves routes until the test has finished. */
export async function served(kind: Http2Kind, hub: Hub, routes: readonly Route[]): Promise<RunningServer> {
  const running = await kind.start({ hub, routes, protocol: kind.protocol, tls: tlsForTest() })
  onTestFinished(running.close)
  return running
}

/** A route for GET that streams a hub's topic. */
export function feedOf(hub: Hub): Route {
  const feed = hub.subscribe('feed')
  return { method: 'GET', path: '/feed', source: () => feed }
}
