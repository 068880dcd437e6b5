import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Protocol, Site } from './site.ts'

/** Any of Node's servers. */
export type AnyServer = Server | Http2Server | Http2SecureServer

/** A server that listens on a free port of 127.0.0.1. */
export interface RunningServer {
  readonly server: AnyServer
  readonly port: number
  readonly url: string
  /** Ends it, and whatever is connected to it; and its hub. */
  close(): Promise<void>
}

/** One way to serve a site. */
export interface ServerKind {
  readonly name: string
  readonly protocols: readonly Protocol[]
  start(site: Site): Promise<RunningServer>
}
