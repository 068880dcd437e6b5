import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import { reportError } from '../connection/host.ts'
import { assertInteger, invalid, MAX_DELAY } from '../connection/options.ts'
import type { Hub } from '../hub/hub.ts'
import { type AnyServer, IdleSockets } from './idle-sockets.ts'

const DEFAULT_DRAIN = 10_000

/** How often connections are closed that have nothing to do, in milliseconds. */
const SWEEP = 100

/** When to drain, and how slowly. */
export interface DrainOnSignalOptions {
  /** Default `['SIGTERM']`, which is how most things that run a server ask it to end. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Over how many milliseconds streams end, so that their clients do not all come back at once. Default 10,000. */
  readonly drain?: number
}

/**
 * Ends a server as its clients would want it, when the process is told to end: new streams are told to come back later, open ones
 * end spread over `drain` milliseconds, finite ones may finish until then; then the server closes, and with nothing left to do the
 * process ends by itself. Whoever has not taken the last of a stream a second after that is cut. From the signal on connections are
 * not kept for another request, so that a client which comes back can get elsewhere. A second signal ends the process at once, as
 * if this had not been there.
 *
 * To be called before the server has connections.
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
  const hubs: readonly Pick<Hub, 'close'>[] = [hub].flat()
  if (typeof server?.on !== 'function' || typeof server.close !== 'function')
    throw invalid('server', "must be one of Node's")
  if (!hubs.every((each) => typeof each?.close === 'function')) throw invalid('hub', 'must be what `createHub` gave')
  const sessions = sessionsOf(server)
  const sockets = new IdleSockets(server)
  const takeBack = (): void => {
    for (const signal of signals) process.off(signal, end)
  }
  const end = async (): Promise<void> => {
    takeBack()
    keepNoConnection(server, sockets)
    // Streams of HTTP/2 that there are go on; new ones need a connection of their own.
    for (const session of sessions) session.close()
    const closed = await Promise.allSettled(hubs.map((each) => each.close({ drain })))
    for (const one of closed) if (one.status === 'rejected') reportError(one.reason, { stage: 'drain' })
    sockets.stopListening()
    for (const session of sessions) session.close()
  }
  for (const signal of signals) process.on(signal, end)
  return takeBack
}

/**
 * Whoever is in the middle of something may finish it, but a connection that has nothing to do is closed: over it a client would
 * come back to this very process, past any balancer.
 */
function keepNoConnection(server: AnyServer, sockets: IdleSockets): void {
  const timer = setInterval(() => sockets.close({ unused: !server.listening }), SWEEP)
  server.once('close', () => clearInterval(timer))
  server.prependListener('request', sayThatItCloses)
}

/** So that a client does not send its next request on a connection which is being closed. HTTP/2 has no such header. */
function sayThatItCloses(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersionMajor === 1) response.setHeader('Connection', 'close')
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
