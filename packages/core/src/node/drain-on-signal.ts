import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { reportError } from '../connection/host.ts'
import { assertInteger, invalid, MAX_DELAY } from '../connection/options.ts'
import type { Hub } from '../hub/hub.ts'

const DEFAULT_DRAIN = 10_000

/** How often connections are closed that have become idle, in milliseconds. */
const SWEEP = 100

/** When to drain, and how slowly. */
export interface DrainOnSignalOptions {
  /** Default `['SIGTERM']`, which is how most things that run a server ask it to end. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Over how many milliseconds streams end, so that their clients do not all come back at once. Default 10,000. */
  readonly drain?: number
}

type AnyServer = Server | HttpsServer | Http2Server | Http2SecureServer

/**
 * Ends a server as its clients would want it, when the process is told to end: new streams are told to come back later, open ones
 * end spread over `drain` milliseconds, finite ones may finish until then; then the server closes, and with nothing left to do the
 * process ends by itself. A second signal ends it at once, as if this had not been there.
 *
 * For HTTP/2, to be called before the server has connections.
 *
 * @param hub whose streams end; several if there are several.
 * @returns takes it back: signals do again what they did before.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits.
 */
export function drainOnSignal(
  server: AnyServer,
  hub: Pick<Hub, 'close'> | readonly Pick<Hub, 'close'>[],
  { signals = ['SIGTERM'], drain = DEFAULT_DRAIN }: DrainOnSignalOptions = {},
): () => void {
  if (!Array.isArray(signals) || signals.length === 0) throw invalid('signals', 'must be a list of signals')
  assertInteger('drain', drain, 0, MAX_DELAY)
  const hubs = 'close' in hub ? [hub] : hub
  const sessions = sessionsOf(server)
  const takeBack = (): void => {
    for (const signal of signals) process.off(signal, end)
  }
  const end = async (): Promise<void> => {
    takeBack()
    const closed = await Promise.allSettled(hubs.map((each) => each.close({ drain })))
    for (const one of closed) if (one.status === 'rejected') reportError(one.reason, { stage: 'drain' })
    closeServer(server, sessions)
  }
  for (const signal of signals) process.on(signal, end)
  return takeBack
}

/** Whoever is in the middle of something may finish it; connections that are kept for more are not. */
function closeServer(server: AnyServer, sessions: Iterable<ServerHttp2Session>): void {
  const sweep = (): void => {
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  }
  const timer = setInterval(sweep, SWEEP)
  server.close(() => clearInterval(timer))
  for (const session of sessions) session.close()
  sweep()
}

/** Before Node 24 a server of HTTP/2 waits for its sessions, and does not know them. */
function sessionsOf(server: AnyServer): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  return sessions
}
