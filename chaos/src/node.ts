import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Cable } from '@sse/tooling/cable'
import type { Ask, NodeSettings, Numbered, Say } from './node-settings.ts'

const FILE = fileURLToPath(new URL('node-process.ts', import.meta.url))

/** How long a node may take to be ready, in milliseconds: the engine may be away meanwhile. */
const PATIENCE = 15_000

/** What a run is told of a node. */
export interface NodeListener {
  /** An answer to a publish. */
  published(answer: Say & { say: 'published' }): void
  /** The process has ended: nobody will answer for what it was asked. */
  ended(process: string): void
  /** Something was reported, or it ended by itself. */
  error(text: string, isExpected: boolean): void
}

/** A node of a run: a process of its own, with a cable of its own to the engine. */
export class Node implements AsyncDisposable {
  readonly name: string
  readonly cable: Cable
  readonly #settings: Omit<NodeSettings, 'port'>
  readonly #listener: NodeListener
  #starts = 0
  #child: ChildProcess | undefined
  #port: number | undefined
  #isEnding = false
  #isOver = false
  #becameReady: (() => void) | undefined
  #answerHead: ((head: string) => void) | undefined

  private constructor(
    about: { readonly name: string; readonly cable: Cable },
    settings: Omit<NodeSettings, 'port'>,
    listener: NodeListener,
  ) {
    this.name = about.name
    this.cable = about.cable
    this.#settings = settings
    this.#listener = listener
  }

  /** A node that is not started yet. */
  static async create(
    name: string,
    { enginePort, ...settings }: Omit<NodeSettings, 'port'> & { readonly enginePort: number },
    listener: NodeListener,
  ): Promise<Node> {
    return new Node({ name, cable: await Cable.to(enginePort) }, settings, listener)
  }

  /** Where it serves; `undefined` while it does not. */
  get port(): number | undefined {
    return this.#port
  }

  /** The process that runs now, or ran last. */
  get process(): string {
    return `${this.name}#${this.#starts}`
  }

  /** Starts its process, which accepts clients as soon as it listens; resolves when it has read the log. */
  async start(): Promise<void> {
    if (this.#isOver) throw new Error('the run is over')
    const ready = Promise.withResolvers<void>()
    this.#becameReady = ready.resolve
    this.#starts++
    this.#isEnding = false
    const settings: NodeSettings = { ...this.#settings, port: this.cable.port }
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const
    const child = fork(FILE, [JSON.stringify(settings)], { execArgv: [], stdio: [...stdio] })
    this.#child = child
    const name = this.process
    let said = ''
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-2_000)
    })
    child.on('close', (code, signal) => {
      if (!this.#isEnding) this.#listener.error(`${name} ended by itself: ${code ?? signal} ${said}`, false)
      this.#listener.ended(name)
      ready.resolve()
    })
    child.on('message', (say: Say) => {
      if (this.#child === child) this.#hear(say)
    })
    const impatience = setTimeout(() => ready.reject(new Error(`${name} is not ready: ${said}`)), PATIENCE)
    await ready.promise.finally(() => clearTimeout(impatience))
  }

  /** Asks it to publish. What it answers goes to the listener. */
  publish(events: readonly Numbered[]): void {
    this.#ask({ ask: 'publish', events })
  }

  /** Where its ring ends: an id, or nothing if it does not answer within a second. */
  head(): Promise<string> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => resolve(''), 1_000)
      this.#answerHead = (head) => {
        clearTimeout(impatience)
        resolve(head)
      }
      this.#ask({ ask: 'head' })
    })
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#isEnding = true
    this.#port = undefined
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  /** SIGSTOP: its connections stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.kill()
    this.cable.close()
  }

  #ask(ask: Ask): void {
    const child = this.#child
    if (child?.connected === true) child.send(ask, () => {})
  }

  #hear(said: Say): void {
    if (said.say === 'published') this.#listener.published(said)
    else if (said.say === 'head') this.#answerHead?.(said.head)
    else if (said.say === 'ready') this.#becameReady?.()
    else if (said.say === 'listening') this.#port = said.port
    else {
      const isExpected = said.stage === 'log' || said.stage === 'publish'
      this.#listener.error(`${this.process}: ${said.stage}: ${said.message}`, isExpected)
    }
  }
}
