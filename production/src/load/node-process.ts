import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Drill } from './drain-run.ts'

/** How a process has ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Milliseconds from the signal that it was sent. */
  readonly took: number
}

/** A node of the drill, as it would be run: no channel to its parent, which would keep it from ending. */
export class NodeProcess implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, port: number) {
    this.#child = child
    this.#lines = lines
    this.port = port
  }

  /** Resolves when it can serve; rejects if it ends before. */
  static async start({ server, window, retry }: Drill, url: string): Promise<NodeProcess> {
    const file = fileURLToPath(new URL('drain-node.ts', import.meta.url))
    const child = spawn(process.execPath, [file, server, url, ...[window, retry.min, retry.max].map(String)], {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const { value: port } = await lines.next()
    if (port === undefined) throw new Error(`the node of ${server} ended before it could serve`)
    return new NodeProcess(child, lines, Number(port))
  }

  /** Tells it to end; how many of its clients did not read then, and how it ends. */
  async end(): Promise<{ readonly stalled: number; readonly exit: Promise<Exit> }> {
    const began = performance.now()
    const exit = once(this.#child, 'exit').then(
      ([code, signal]): Exit => ({ code, signal, took: performance.now() - began }),
    )
    this.#child.kill('SIGTERM')
    const { value } = await this.#lines.next()
    return { stalled: Number(value), exit }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
