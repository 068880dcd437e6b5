import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ready } from './member.ts'

/** How long a process may take to end when it was asked to, in milliseconds. */
const STOP_TIMEOUT = 3_000

/** `starting` until it is ready; `down` when it has ended, however it did. */
export type WorkerState = 'starting' | 'up' | 'down'

/** What makes a worker. */
export interface WorkerOptions {
  readonly name: string
  /** What Node runs, beside the demo's sources. It tells when it is ready (`tellReady`), and ends when its parent does. */
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  /** Is told of every change of state. */
  readonly onChange: () => void
}

/** A process that can be killed and started again; it listens on the same port then. */
export class Worker {
  readonly name: string
  readonly #options: WorkerOptions
  #child: ChildProcess | undefined
  #state: WorkerState = 'down'
  #port: number | null = null

  constructor(options: WorkerOptions) {
    this.name = options.name
    this.#options = options
  }

  get state(): WorkerState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Where it listens, once it has. */
  get port(): number | null {
    return this.#port
  }

  /** Starts the process unless it runs. Resolves when it is ready; rejects if it ends before. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return
    const { file, env } = this.#options
    const child = spawn(process.execPath, [fileURLToPath(new URL(file, new URL('..', import.meta.url)))], {
      env: { ...process.env, ...env, ...(this.#port === null ? {} : { PORT: String(this.#port) }) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    this.#become('starting')
    await new Promise<void>((resolve, reject) => {
      child.once('message', (ready: Ready) => {
        this.#port = ready.port
        this.#become('up')
        resolve()
      })
      const ended = (how: string): void => {
        this.#child = undefined
        this.#become('down')
        reject(new Error(`${this.name} ended (${how})`))
      }
      child.once('exit', (code, signal) => ended(signal ?? `code ${code}`))
      // What could not be started does not exit.
      child.once('error', (error) => ended(error.message))
    })
  }

  /** SIGKILL: it has no time for anything. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#endBy('SIGKILL')
  }

  /** Asks it to end, and insists after a while. Resolves when it is gone. */
  async stop(): Promise<void> {
    const insist = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT)
    await this.#endBy('SIGTERM')
    clearTimeout(insist)
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  #become(state: WorkerState): void {
    this.#state = state
    this.#options.onChange()
  }
}
