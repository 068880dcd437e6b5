import { type Engine, type EngineKind, startEngine } from '@sse/tooling/engine-process'
import type { ProgramName } from '@sse/tooling/programs'

/** A server behind a proxy: what is asked of the proxy at `/express/feed` is asked of `express` at `/feed`. */
export interface Upstream {
  readonly name: string
  readonly port: number
}

/** One way to run a proxy. */
export interface ProxyForm {
  readonly name: string
  readonly program: ProgramName
  /** Whether it takes notice of a client that has gone when it has something to send to it, and not before. */
  readonly noticesWhenWriting?: boolean
  /** @param idleSeconds how long it lets a connection be silent; default {@link IDLE_SECONDS}. */
  start(upstreams: readonly Upstream[], idleSeconds?: number): Promise<Engine>
}

/** How long a connection may be silent: what nginx and Varnish have by default, and the documentation for HAProxy. */
export const IDLE_SECONDS = 60

/**
 * Starts a proxy on a free port of the loopback interface.
 *
 * @param configure writes its files; what it serves at `/ready` is the name of its directory
 */
export function startProxy(program: ProgramName, configure: EngineKind['configure']): Promise<Engine> {
  return startEngine({
    program,
    url: (port) => `http://127.0.0.1:${port}`,
    configure,
    async isReady({ port, directory }) {
      const answer = await fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: 'close' } })
      return (await answer.text()).trim() === directory
    },
  })
}
