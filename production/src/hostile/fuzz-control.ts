import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CloseReason } from '@sse/core'
import type { Protocol } from '../servers/site.ts'

/** What is asked of a server that is attacked: how it is, with or without its garbage. */
export type Ask = 'state' | 'collect'

/** How a server is. */
export interface State {
  readonly streams: number
  /** Sources that have begun and not ended. */
  readonly sources: number
  readonly sockets: number
  /** In bytes, with what lies outside of the heap. */
  readonly heap: number
  readonly rss: number
  /** How many events each topic of the hub has had. */
  readonly published: number
  /** Whatever no server should ever have. */
  readonly complaints: readonly string[]
  readonly closed: Readonly<Record<CloseReason, number>>
}

/** What a server tells. */
export type Say = { readonly say: 'listening'; readonly port: number } | ({ readonly say: 'state' } & State)

/** A server that is attacked, in a process of its own. */
export class FuzzServer {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #port = 0
  #printed = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close')
    // Frameworks print the errors that sources throw on purpose: of interest only where the process has ended.
    child.stderr?.on('data', (text) => {
      this.#printed = (this.#printed + String(text)).slice(-4_000)
    })
  }

  static async start(name: string, protocol: Protocol): Promise<FuzzServer> {
    const file = fileURLToPath(new URL('fuzz-server.ts', import.meta.url))
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const
    const child = fork(file, [name, protocol], { execArgv: ['--expose-gc'], stdio: [...stdio] })
    const server = new FuzzServer(child)
    server.#port = (await server.#next('listening')).port
    return server
  }

  get port(): number {
    return this.#port
  }

  /** Asks how it is, after a collection of its garbage or as it is. */
  async ask(ask: Ask): Promise<State> {
    const state = this.#next('state')
    if (this.#child.connected) this.#child.send(ask)
    return await state
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  /** @throws {Error} if the process has ended. */
  async #next<Name extends Say['say']>(name: Name): Promise<Extract<Say, { say: Name }>> {
    const said = await Promise.race([nextOf(this.#child, name), this.#ended])
    if (said === undefined || Array.isArray(said))
      throw new Error(`the server has ended, with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.#printed}`)
    return said as Extract<Say, { say: Name }>
  }
}

async function nextOf(child: ChildProcess, name: Say['say']): Promise<Say> {
  for (;;) {
    const [said]: Say[] = await once(child, 'message')
    if (said?.say === name) return said
  }
}
