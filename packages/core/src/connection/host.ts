import type { Serialize } from '../wire/encode.ts'
import type { Connection } from './connection.ts'
import { Heartbeat } from './heartbeat.ts'
import type { ErrorContext } from './options.ts'

/** Why a stream ended. */
export type CloseReason =
  | 'client'
  | 'complete'
  | 'slow'
  | 'stalled'
  | 'expired'
  | 'revoked'
  | 'drain'
  | 'limit'
  | 'error'

/** Why there is no room for a client: the limit that was reached, or `closed`: the hub is closed, or about to be. */
export type Refusal = 'connections' | 'perPrincipal' | 'perAddress' | 'closed'

/** What has been written to all connections of a host. */
export interface Traffic {
  delivered: number
  bytes: number
}

/** To whom connections belong: a hub, or nobody in particular. */
export interface Host {
  readonly serialize: Serialize
  readonly heartbeat: Heartbeat
  readonly traffic: Traffic
  /** How long a client waits before it reconnects, in milliseconds. */
  retry(): number
  /** Counts the connection in, or says why there is no room for it. */
  enter(connection: Connection): Refusal | undefined
  /** Counts it out. Idempotent. */
  leave(connection: Connection, reason: CloseReason): void
  onError(error: unknown, context: ErrorContext): void
}

/** The property by which a hub says that it is a host. */
export const HOST: unique symbol = Symbol('host')

/** What has connections: a hub. */
export interface Hosting {
  /** @internal */
  readonly [HOST]: Host
}

const RETRY_MIN = 2_000
const RETRY_MAX = 5_000

/** Draws a delay, so that clients that were cut together do not come back together. In milliseconds. */
export function drawRetry(min: number = RETRY_MIN, max: number = RETRY_MAX): number {
  return min + Math.floor(Math.random() * (max - min + 1))
}

/** Where an error goes that nobody asked for: nothing is swallowed. */
export function reportError(error: unknown, { stage }: ErrorContext): void {
  // biome-ignore lint/suspicious/noConsole: the last resort where no `onError` was given.
  console.error(`@sse/core: ${stage}:`, error)
}

/** An `onError` that may be called from anywhere: where it throws itself, nobody is left to tell but the console. */
export function guardOnError(onError: Host['onError']): Host['onError'] {
  return (error, context) => {
    try {
      onError(error, context)
    } catch (thrown) {
      reportError(thrown, { stage: 'onError' })
    }
  }
}

/** The host of streams that belong to no hub: default heartbeat, default retry, no limits. */
export const independent: Host = {
  serialize: JSON.stringify,
  heartbeat: new Heartbeat({ interval: 15_000, stallTimeout: 30_000 }),
  traffic: { delivered: 0, bytes: 0 },
  retry: drawRetry,
  enter: () => undefined,
  leave: () => {},
  onError: reportError,
}
