import type { Hub, Source, StreamOptions } from '@sse/core'

/** One route, which every server mounts in its framework's own idiom. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Of one part, such as `/feed`. */
  readonly path: string
  /** What the handler streams; called once for each request. */
  source(): Source
  readonly options?: Pick<StreamOptions, 'commitAfter' | 'expiresAt' | 'headers' | 'maxBufferedBytes' | 'retry'>
}

/** What is served, alike on each framework. */
export interface Site {
  /** Ends with the server. */
  readonly hub: Hub
  readonly routes: readonly Route[]
  /** The application believes what one proxy, on this machine, says about the client's address, and nobody else. */
  readonly isBehindProxy?: boolean
  /**
   * The framework's usual middleware for compression stands in front: with its defaults, or told to compress whatever it
   * may, however short, streams of events included.
   */
  readonly compresses?: boolean | 'all'
  readonly protocol?: Protocol
  /** The server's key and certificate; for `h2` alone. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** HTTP/1.1 without TLS, HTTP/2 without and with it. */
export type Protocol = 'http1' | 'h2c' | 'h2'

/** Whoever calls himself so is that principal: there are no passwords here. */
export const PRINCIPAL_HEADER = 'x-principal'
