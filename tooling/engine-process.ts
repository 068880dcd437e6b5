import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findCommand, findProgram, howToInstall, type ProgramName } from './programs.ts'

/** How long an engine may take to be ready, or to end when it was asked to, in milliseconds. */
const PATIENCE = 10_000

/** An engine in a process of its own, on a port of the loopback interface, with a directory of its own. */
export interface Engine {
  /** Where clients find it, with the password if it has one. */
  readonly url: string
  readonly port: number
  /** That of the process which runs now: another one after `restart()`. */
  readonly pid: number
  /** Where it keeps its files. Gone after `stop()`. */
  readonly directory: string
  /** Ends it for good, also when it is frozen, and removes its directory. May be called more than once. */
  stop(): Promise<void>
  /** SIGKILL: what was not on disk is lost. `restart()` starts it again. */
  kill(): Promise<void>
  /** SIGSTOP: its connections stay open, and nobody answers. */
  freeze(): void
  /** SIGCONT. */
  resume(): void
  /** Ends it in order, unless it was killed, and starts it on the same port with the same directory. */
  restart(): Promise<void>
}

/** What the kinds of engines differ in. */
export interface EngineKind {
  readonly program: ProgramName
  /** Its arguments, where it has a directory and a port: what is to be configured is written by this call. */
  configure(directory: string, port: number): readonly string[]
  url(port: number): string
  /** Whether it serves clients by now, and it is the one that was started; rejects where nobody listens. */
  isReady(engine: Pick<Engine, 'port' | 'pid' | 'directory'>): Promise<boolean>
}

/** Starts an engine on a port that nobody uses; it ends with this process, however that ends. */
export async function startEngine(kind: EngineKind): Promise<Engine> {
  for (let attempt = 1; ; attempt++) {
    const engine = new EngineProcess(kind, mkdtempSync(join(tmpdir(), `${kind.program}-`)), await freePort())
    try {
      await engine.start()
      return engine
    } catch (error) {
      await engine.stop()
      // Somebody else was given the same port meanwhile.
      if (attempt === 3 || !/in use/i.test(String(error))) throw error
    }
  }
}

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}

class EngineProcess implements Engine {
  readonly port: number
  readonly directory: string
  readonly #kind: EngineKind
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()

  constructor(kind: EngineKind, directory: string, port: number) {
    this.#kind = kind
    this.directory = directory
    this.port = port
  }

  get url(): string {
    return this.#kind.url(this.port)
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.#kind.program} is not running`)
    return pid
  }

  async start(): Promise<void> {
    const said = join(this.directory, 'said.txt')
    const child = spawnTogether(this.#kind.program, this.#kind.configure(this.directory, this.port), said)
    this.#child = child
    // A program that could not be spawned has no 'exit'.
    this.#exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
    void this.#exited.then(() => {
      if (this.#child === child) this.#child = undefined
    })
    unstopped.add(this)
    endWithThisProcess()
    const deadline = Date.now() + PATIENCE
    while (!(await this.#isReady()) || this.#child !== child) {
      if (this.#child === child && Date.now() < deadline) {
        await pause(10)
        continue
      }
      await this.kill()
      throw new Error(`${this.#kind.program} did not start: ${readFileSync(said, 'utf8').slice(-2000)}`)
    }
  }

  async stop(): Promise<void> {
    // Nothing of it is wanted any more, and in order it takes its time.
    await this.kill()
    unstopped.delete(this)
    rmSync(this.directory, { recursive: true, force: true })
  }

  async kill(): Promise<void> {
    await this.#endBy('SIGKILL')
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async restart(): Promise<void> {
    await this.#end()
    await this.start()
  }

  /** At once, for good, and without waiting: for the end of this process. */
  abandon(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #isReady(): Promise<boolean> {
    try {
      return await this.#kind.isReady(this)
    } catch {
      return false
    }
  }

  async #end(): Promise<void> {
    this.#child?.kill('SIGCONT')
    // What it is asked to do in order may take for ever.
    const insist = setTimeout(() => this.#child?.kill('SIGKILL'), PATIENCE)
    await this.#endBy('SIGTERM')
    clearTimeout(insist)
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    // It does not hold up the end of this process, unless that waits for it.
    child.ref()
    child.kill(signal)
    await this.#exited
  }
}

/** Those that end when this process does, and whose directories do. */
const unstopped = new Set<EngineProcess>()

function abandonAll(): void {
  for (const engine of unstopped) engine.abandon()
}

function endWithThisProcess(): void {
  if (!process.listeners('exit').includes(abandonAll)) process.on('exit', abandonAll)
}

/**
 * Spawns a program that the kernel kills when this process dies, by whatever signal: where there is `setpriv` (every Linux
 * distribution has it). Elsewhere it ends where this process runs to its end.
 *
 * @param said the file for what it says
 */
function spawnTogether(program: ProgramName, args: readonly string[], said: string): ChildProcess {
  const path = findProgram(program)
  if (path === undefined) throw new Error(howToInstall(program))
  const setpriv = process.platform === 'linux' ? findCommand('setpriv') : undefined
  const output = openSync(said, 'w')
  const command = setpriv === undefined ? [path, ...args] : [setpriv, '--pdeathsig', 'KILL', path, ...args]
  const [file = path, ...rest] = command
  const child = spawn(file, rest, { stdio: ['ignore', output, output] })
  closeSync(output)
  child.unref()
  return child
}
