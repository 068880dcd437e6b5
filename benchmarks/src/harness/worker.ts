import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Call, Methods } from './answer.ts'

/** After this many ms without an answer a call fails and the process is killed. */
const CALL_LIMIT = 120_000

/** A process that was asked to end is killed after this many ms. */
const STOP_LIMIT = 3_000

const running = new Set<ChildProcess>()

/** Kills every process that is still running: for the end of this one, however it comes. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** A child process, and calls of its methods. */
export class Worker<M extends Methods> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  #lastId = 0
  #errors = ''

  /**
   * @param file the module that gives its methods to `answer`.
   * @param name what error messages call the process.
   */
  constructor(file: URL, name: string, args: readonly string[] = []) {
    this.#name = name
    const child = fork(fileURLToPath(file), args, {
      execArgv: ['--expose-gc'],
      // The compile cache also keeps stripped types: else Node's type stripper would stay in each process's memory.
      env: {
        ...process.env,
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.cache', import.meta.url)),
      },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#child = child
    running.add(child)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    child.on('message', (reply: Answer) => this.#settle(reply))
    child.on('error', (error) => this.#fail(error))
    // 'close' comes when all that it said is there; but not at all after a `disconnect` from this side, unlike 'exit'.
    child.on('close', (code, signal) => this.#fail(new Error(`${name} ended (${signal ?? code})\n${this.#errors}`)))
    this.#exited = new Promise((resolve) => {
      child.on('exit', () => {
        running.delete(child)
        resolve()
      })
    })
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Stops the process where it is, while `work` is done elsewhere. */
  async whileStopped(work: () => Promise<unknown>): Promise<void> {
    this.#child.kill('SIGSTOP')
    try {
      await work()
    } finally {
      this.#child.kill('SIGCONT')
    }
  }

  /** Calls a method there. Rejects with what it threw, when the process ends, and after two minutes. */
  async call<K extends keyof M & string>(name: K, ...args: Parameters<M[K]>): Promise<Awaited<ReturnType<M[K]>>> {
    const value = await new Promise<unknown>((resolve, reject) => {
      const id = ++this.#lastId
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        this.#child.kill('SIGKILL')
        reject(new Error(`${this.#name}: \`${name}\` took more than ${CALL_LIMIT / 1000} s`))
      }, CALL_LIMIT)
      this.#pending.set(id, { resolve, reject, timer })
      this.#child.send({ id, name, args } satisfies Call, (error) => {
        if (error) this.#settle({ id, error: error.message })
      })
    })
    // The process runs the module whose methods are `M`.
    return value as Awaited<ReturnType<M[K]>>
  }

  /** Calls a method there, and does not wait for it. What it throws ends the process. */
  tell<K extends keyof M & string>(name: K, ...args: Parameters<M[K]>): void {
    this.#child.send({ name, args } satisfies Call)
  }

  /** Ends the process, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    this.#fail(new Error(`${this.#name} was ended`))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT)
    await this.#exited
    clearTimeout(timer)
  }

  #settle(reply: Answer): void {
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return
    this.#pending.delete(reply.id)
    clearTimeout(pending.timer)
    if ('error' in reply) pending.reject(new Error(`${this.#name}: ${reply.error}`))
    else pending.resolve(reply.value)
  }

  #fail(error: Error): void {
    for (const id of this.#pending.keys()) this.#settle({ id, error: error.message })
  }
}
