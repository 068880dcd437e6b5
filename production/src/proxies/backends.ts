import { createHub, type Hub, type HubOptions, type SseEvent, type SseStream } from '@sse/core'
import { type Deferred, deferred } from '@sse/tooling/deferred'
import { SERVERS } from '../servers/all.ts'
import type { RunningServer, ServerKind } from '../servers/server.ts'
import type { Route, Site } from '../servers/site.ts'
import type { Upstream } from './proxy.ts'

/** A source that waits for ever, and what it is told. */
export interface Work {
  readonly isAborted: Deferred<void>
  readonly isReturned: Deferred<void>
}

/** A server to stand behind a proxy. */
export interface Backend extends Upstream {
  readonly hub: Hub
  /** Of `/work`, in the order in which they began. */
  readonly works: readonly Work[]
  close(): Promise<void>
}

/** What differs from the backends that most tests need. */
export interface BackendOptions extends Pick<Site, 'isBehindProxy'> {
  readonly hub?: HubOptions
  /** Default: that of the kind. */
  readonly name?: string
}

/** Starts one server of each kind. */
export function startBackends(options?: BackendOptions): Promise<readonly Backend[]> {
  return Promise.all(SERVERS.map((kind) => startBackend(kind, options)))
}

/**
 * Starts a server with
 *
 * - `/feed`: what is published to `feed`
 * - `/work`: waits for ever
 * - `/count`: counts to three, and ends
 */
export async function startBackend(kind: ServerKind, options: BackendOptions = {}): Promise<Backend> {
  const { name = kind.name, isBehindProxy = false } = options
  const hub = createHub(options.hub)
  const works: Work[] = []
  const routes: Route[] = [
    { method: 'GET', path: '/feed', source: () => hub.subscribe('feed') },
    { method: 'POST', path: '/feed', source: () => hub.subscribe('feed') },
    { method: 'GET', path: '/work', source: () => workIn(works), options: { commitAfter: 0 } },
    { method: 'GET', path: '/count', source: count },
  ]
  const { port, close }: RunningServer = await kind.start({ hub, routes, isBehindProxy })
  return { name, port, hub, works, close }
}

function workIn(works: Work[]): (stream: SseStream) => AsyncIterable<SseEvent> {
  const work = { isAborted: deferred(), isReturned: deferred() }
  works.push(work)
  const never = new Promise<never>(() => {})
  return ({ signal }) => {
    signal.addEventListener('abort', () => work.isAborted.resolve())
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => never,
        return() {
          work.isReturned.resolve()
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }
  }
}

async function* count(): AsyncGenerator<SseEvent> {
  for (const data of ['1', '2', '3']) yield { data }
}
